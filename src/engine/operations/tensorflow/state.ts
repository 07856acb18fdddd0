import { tensorflowVariants } from '../../../run/tensorflow';
import type { TensorflowState, TensorflowVariant } from '../../../run/tensorflow';
import { builtVariant, tensorflowFolder } from '../../runtime/tensorflow/place';
import { folderBytes } from '../folderBytes';
import { hindranceOf } from '../setUp/beforehand';
import { checkBeforehand } from './beforehand';
import { releases, tensorflowVersion } from './releases';

/** What there is of TensorFlow here, and what setting it up would take: whoever is to agree to it must know. */
export async function describeTensorflow(folder = tensorflowFolder()): Promise<TensorflowState> {
  const variant = await builtVariant(folder);
  return {
    version: tensorflowVersion,
    folder,
    set_up: variant === undefined ? null : { variant, bytes: await folderBytes(folder) },
    offers: await Promise.all(
      tensorflowVariants.map(async (each) => ({
        variant: each,
        download_bytes: releases[each].downloadBytes,
        library_bytes: releases[each].libraryBytes,
        disk_bytes: releases[each].diskBytes,
        hindrance: await hindrance(each, folder),
      })),
    ),
  };
}

function hindrance(variant: TensorflowVariant, folder: string): Promise<string | null> {
  const given = { variant, wheel: null, package: null };
  return hindranceOf(checkBeforehand(given, folder, new AbortController().signal));
}
