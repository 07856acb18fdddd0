import { Failure } from '../../failure/failure';

/** The `code` of a Node system error (`ENOENT`, `ENOSPC`, …), or undefined for anything else. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What a system error says about reading a file, in words; codes that are rarely met keep their name. */
export function whyUnreadable(cause: unknown): string {
  const code = systemErrorCode(cause) ?? 'unknown';
  return unreadable[code] ?? `the system refuses it (system code ${code})`;
}

const unreadable: Readonly<Record<string, string>> = {
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'a part of its path is a file, not a folder',
  ENOENT: 'it does not exist',
  EACCES: 'you have no permission to read it',
  EPERM: 'you have no permission to read it',
  ELOOP: 'its links lead round in a circle',
  ENAMETOOLONG: 'its name is too long',
  EMFILE: 'too many files are open at once',
  EIO: 'the disk reports an error',
};

const unwritable: Readonly<Record<string, string>> = {
  EROFS: 'the disk is read-only',
  EACCES: 'you have no permission to write there',
  EPERM: 'you have no permission to write there',
  ENOENT: 'the system lets nothing be made in that place',
  ENAMETOOLONG: 'its name is too long',
  ELOOP: 'its links lead round in a circle',
  EMFILE: 'too many files are open at once',
  EIO: 'the disk reports an error',
  EBUSY: 'another program is using it',
};

// ---- JSON files

export function fileMissing(file: string): Failure {
  return new Failure('file-missing', `The file ${file} does not exist.`, {
    hint: 'Check the path, or download or copy the file again.',
    place: { file },
  });
}

export function fileUnreadable(file: string, cause: unknown): Failure {
  return new Failure('file-unreadable', `The file ${file} cannot be read: ${whyUnreadable(cause)}.`, {
    hint: 'Check that it is a file and that you may read it.',
    place: { file },
    cause,
  });
}

export function jsonBroken(file: string, line: number, what: string): Failure {
  return new Failure('json-broken', `${file} is not valid JSON: ${what} in line ${line}.`, {
    hint: 'Correct the line, or download the file again if you did not edit it.',
    place: { file, line },
  });
}

export function jsonNotAnObject(file: string): Failure {
  return new Failure('json-not-an-object', `${file} does not hold a JSON object ({ … }).`, {
    hint: 'Download the file again: it is not what its name says.',
    place: { file, line: 1 },
  });
}

// ---- safetensors

const downloadAgain = 'The file is damaged, most likely by an interrupted download or copy: get it again.';

export function safetensorsMissing(file: string): Failure {
  return new Failure('safetensors-missing', `The weights file ${file} does not exist.`, {
    hint: 'Check the path; a model or adapter folder must hold all of its .safetensors files.',
    place: { file },
  });
}

export function safetensorsTruncated(file: string, detail: string): Failure {
  return new Failure('safetensors-truncated', `The weights file ${file} ends too early: ${detail}.`, {
    hint: downloadAgain,
    place: { file },
  });
}

export function safetensorsHeaderTooLong(file: string, headerBytes: bigint, fileBytes: number): Failure {
  return new Failure(
    'safetensors-header-too-long',
    `${file} says that its header has ${headerBytes} bytes, but the whole file has ${fileBytes}.`,
    { hint: `It is cut off or not a safetensors file. ${downloadAgain}`, place: { file } },
  );
}

export function safetensorsHeaderHuge(file: string, headerBytes: bigint): Failure {
  return new Failure(
    'safetensors-header-huge',
    `${file} says that its header has ${headerBytes} bytes; more than 100 MB is never right.`,
    { hint: 'This is probably not a safetensors file.', place: { file } },
  );
}

export function safetensorsHeaderBroken(file: string, detail: string): Failure {
  return new Failure('safetensors-header-broken', `The header of ${file} cannot be read: ${detail}.`, {
    hint: downloadAgain,
    place: { file },
  });
}

export function safetensorsEntryBroken(file: string, tensor: string, detail: string): Failure {
  return new Failure('safetensors-entry-broken', `In ${file} the entry of tensor "${tensor}" is wrong: ${detail}.`, {
    hint: downloadAgain,
    place: { file, path: tensor },
  });
}

export function safetensorsDtypeUnknown(file: string, tensor: string, dtype: string): Failure {
  return new Failure(
    'safetensors-dtype-unknown',
    `In ${file} the tensor "${tensor}" is stored as "${dtype}", a number format that is not known here.`,
    { hint: 'Get the model with its weights stored as F32, F16 or BF16.', place: { file, path: tensor } },
  );
}

export function safetensorsLengthMismatch(file: string, tensor: string, needed: number, found: number): Failure {
  return new Failure(
    'safetensors-length-mismatch',
    `In ${file} the tensor "${tensor}" needs ${needed} bytes for its shape, but ${found} are stored.`,
    { hint: downloadAgain, place: { file, path: tensor } },
  );
}

export function safetensorsOverlap(file: string, tensor: string, other: string): Failure {
  return new Failure('safetensors-overlap', `In ${file} the tensors "${other}" and "${tensor}" share bytes.`, {
    hint: 'Such a file is broken or was tampered with: do not use it, get the model again from its source.',
    place: { file, path: tensor },
  });
}

export function safetensorsHole(file: string, bytes: number, where: string): Failure {
  return new Failure('safetensors-hole', `In ${file} there are ${bytes} bytes ${where} that belong to no tensor.`, {
    hint: 'Such a file is broken or was tampered with: do not use it, get the model again from its source.',
    place: { file },
  });
}

export function tensorNotFloat(file: string, tensor: string, dtype: string): Failure {
  const quantized = dtype.startsWith('F8');
  return new Failure(
    'tensor-dtype-unsupported',
    `The tensor "${tensor}" in ${file} is stored as ${dtype}; weights must be F64, F32, F16 or BF16 to compute with.`,
    {
      hint: quantized
        ? 'This is a quantized model: choose the variant of it with F16 or BF16 weights.'
        : 'Choose a variant of the model with F32, F16 or BF16 weights.',
      place: { file, path: tensor },
    },
  );
}

// ---- Writing

export function outputUnwritable(target: string, cause: unknown): Failure {
  const code = systemErrorCode(cause) ?? 'unknown';
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new Failure('disk-full', `${target} cannot be written: the disk is full.`, {
      hint: 'Free some space and resume the run; what was there before is untouched.',
      place: { file: target },
      exitCode: 3,
      cause,
    });
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new Failure('output-not-a-folder', `${target} cannot be written: a file lies where a folder is needed.`, {
      hint: 'Choose another output, or move that file away.',
      place: { file: target },
      cause,
    });
  }
  const why = unwritable[code] ?? `the system refuses it (system code ${code})`;
  return new Failure('output-unwritable', `${target} cannot be written: ${why}.`, {
    hint: 'Choose an output folder that you may write to.',
    place: { file: target },
    cause,
  });
}

export function outputIsAFolder(target: string): Failure {
  return new Failure('output-is-a-folder', `${target} cannot be written as a file: a folder has that name.`, {
    hint: 'Choose another name, or move that folder away.',
    place: { file: target },
  });
}

export function outputHoldsOtherFiles(folder: string, kind: string, example: string): Failure {
  return new Failure(
    'output-holds-other-files',
    `${folder} already holds other files (such as ${example}) and no ${kind}, so it is not replaced.`,
    {
      hint: `Choose an output folder that does not exist yet, is empty, or holds an older ${kind}.`,
      place: { file: folder },
    },
  );
}
