import { formatBytes } from '../../run/format';
import type { TensorflowOffer, TensorflowState } from '../../run/tensorflow';
import { group, type Choice } from '../recipes/steps';

/** What the user wants: TensorFlow from somewhere, that it goes, or to know why it cannot be had. */
export type Wish =
  { readonly offer: TensorflowOffer; readonly from: 'network' | 'wheel' } | { readonly hindrance: string } | 'remove';

/** What can be done, with its size; what cannot says what is missing. */
export function waysToSetUp({ set_up: now, version, folder, offers }: TensorflowState): readonly Choice<Wish>[] {
  const cpu = offers.find(({ variant }) => variant === 'cpu');
  const fromWheel: readonly Choice<Wish>[] =
    cpu === undefined
      ? []
      : [
          {
            label: '$(file-zip) From a wheel on disk…',
            description: 'for computers without a network',
            detail: `TensorFlow ${version} for the processor, as pip downloads it`,
            value: { offer: cpu, from: 'wheel' },
          },
        ];
  const removal: readonly Choice<Wish>[] =
    now === null
      ? []
      : [
          {
            label: '$(trash) Remove TensorFlow',
            description: `${formatBytes(now.bytes)} in ${folder}`,
            value: 'remove',
          },
        ];
  const where = now?.variant === 'gpu' ? 'the graphics card' : 'the processor';
  const heading = now === null ? 'fetch it' : `${version} is set up for ${where}; fetch it again`;
  return [...group(heading, offers.map(wayOf)), ...group('otherwise', [...fromWheel, ...removal])];
}

function wayOf(offer: TensorflowOffer): Choice<Wish> {
  const label = offer.variant === 'gpu' ? 'For an NVIDIA graphics card' : 'For the processor';
  const { hindrance } = offer;
  if (hindrance !== null) {
    return { label: `$(error) ${label}`, description: 'not on this computer', detail: hindrance, value: { hindrance } };
  }
  const about = offer.variant === 'gpu' ? 'about ' : '';
  const sizes = `download ${about}${formatBytes(offer.download_bytes)}, then ${formatBytes(offer.disk_bytes)} on disk`;
  return { label: `$(cloud-download) ${label}`, description: sizes, value: { offer, from: 'network' } };
}
