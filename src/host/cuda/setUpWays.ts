import type { CudaState } from '../../run/cuda';
import { formatBytes } from '../../run/format';
import { group, type Choice } from '../recipes/steps';

/** What the user wants: CUDA from somewhere, that it goes, or to know why it cannot be had. */
export type Wish = { readonly from: 'network' | 'wheel' | 'folder' } | { readonly hindrance: string } | 'remove';

/** What can be done, with its size; what cannot says what is missing. */
export function waysToSetUp(state: CudaState): readonly Choice<Wish>[] {
  const { set_up: now, onnxruntime, folder, download_bytes, library_bytes, disk_bytes, hindrance } = state;
  const kept = `then ${formatBytes(disk_bytes)} on disk`;
  const ways: readonly Choice<Wish>[] =
    hindrance === null
      ? [
          {
            label: '$(cloud-download) For the NVIDIA graphics card',
            description: `download ${formatBytes(download_bytes)}, ${kept}`,
            value: { from: 'network' },
          },
        ]
      : [
          {
            label: '$(error) For the NVIDIA graphics card',
            description: 'not on this computer',
            detail: hindrance,
            value: { hindrance },
          },
        ];
  const fromDisk: readonly Choice<Wish>[] =
    hindrance === null
      ? [
          {
            label: '$(file-zip) From wheels on disk…',
            description: 'for computers without a network',
            detail: `A folder with the wheel of onnxruntime-gpu ${onnxruntime} and those of NVIDIA's libraries`,
            value: { from: 'folder' },
          },
          {
            label: "$(file-zip) From ONNX Runtime's wheel on disk…",
            description: `download ${formatBytes(library_bytes)}, ${kept}`,
            detail: "NVIDIA's libraries are fetched",
            value: { from: 'wheel' },
          },
        ]
      : [];
  const removal: readonly Choice<Wish>[] =
    now === null
      ? []
      : [{ label: '$(trash) Remove CUDA', description: `${formatBytes(now.bytes)} in ${folder}`, value: 'remove' }];
  const heading = now === null ? 'fetch it' : `set up for ONNX Runtime ${now.onnxruntime}; fetch it again`;
  return [...group(heading, ways), ...group('otherwise', [...fromDisk, ...removal])];
}
