import { deviceOverrides } from '../devices/deviceList';
import type { RecipeEngine } from '../recipes/recipeEngine';

/** Where a recipe trains, as far as it and the setting say, and which of both says so. */
export function deviceText(engine: RecipeEngine, setting: string): { readonly text: string; readonly tooltip: string } {
  const { runtime = 'auto' } = engine;
  const isFromSetting = deviceOverrides(setting, engine).length > 0;
  const device = isFromSetting ? setting : (engine.device ?? 'auto');
  const by = runtime === 'auto' || runtime === 'onnxruntime' ? '' : ` (${runtime})`;
  const why = isFromSetting
    ? 'by the setting lora.engine.device, as the recipe names none'
    : engine.device === undefined
      ? 'as the recipe names none'
      : 'as the recipe says';
  const what = device === 'auto' ? 'the fastest device that works' : device;
  const tooltip = `Trains on ${what}${by}, ${why}. Click to see what this computer has, and to choose.`;
  return { text: `${device}${by}`, tooltip };
}
