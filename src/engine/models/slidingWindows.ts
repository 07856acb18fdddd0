import type { ConfigReader } from './config';
import { configContradicts, configValueUnsupported } from './failures';

/**
 * The attention window of each layer, as Qwen2 and Qwen3 write it: `layer_types` by layer, or all layers from
 * `max_window_layers` on; `null` where a layer sees everything before.
 */
export function readLayerWindows(config: ConfigReader, layers: number): readonly (number | null)[] {
  const window = config.flag('use_sliding_window') ? config.sizeOrNull('sliding_window') : null;
  const types = config.value('layer_types') ?? null;
  if (types === null) {
    if (window === null) return Array.from({ length: layers }, () => null);
    const first = config.number('max_window_layers');
    return Array.from({ length: layers }, (_, i) => (i < first ? null : window));
  }
  if (!Array.isArray(types) || types.length !== layers) {
    throw configContradicts('layer_types', `layer_types must name the kind of each of its ${layers} layers`);
  }
  return types.map((type: unknown, i) => {
    if (type === 'full_attention' || type === 'attention') return null;
    if (type !== 'sliding_attention') {
      throw configValueUnsupported(`layer_types[${i}]`, String(type), 'full_attention, sliding_attention');
    }
    if (window === null) {
      throw configContradicts('layer_types', 'a layer has sliding attention, but there is no sliding window');
    }
    return window;
  });
}
