import { Failure } from '../../failure/failure';
import { openTokenizer } from '../data/tokenizer';
import type { Tokenizer } from '../data/tokenizer';
import { readJsonObjectIfPresent } from '../formats/jsonFile';
import { openModelFolder } from '../formats/modelFolder';
import type { ModelFolder } from '../formats/modelFolder';
import { readTensor } from '../formats/safetensors';
import type { TensorEntry } from '../formats/safetensors';
import { readModel } from '../models/families';
import type { Model } from '../models/model';
import { locateWeights } from '../models/weights';
import path from 'node:path';
import { maxLengthBeyondContext, tokenizerMissing, weightDtypeUnsupported } from './failures';

/** A base model that is opened, not loaded: its configuration is understood and each weight is located. */
export interface BaseModel {
  readonly folder: ModelFolder;
  readonly model: Model;
  /** By the names of `model.parameters`. */
  readonly weights: ReadonlyMap<string, TensorEntry>;
}

/**
 * Opens a model folder (relative to `from`) or one in the hub cache.
 * @throws Failure where it is missing, broken, unsupported or incomplete
 */
export async function openBaseModel(reference: string, from: string): Promise<BaseModel> {
  const folder = await openModelFolder(reference, from);
  return inFolder(folder.path, () => {
    const model = readModel(folder.config);
    const weights = locateWeights(model, folder.tensors);
    for (const { name, dtype } of weights.values()) {
      if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') throw weightDtypeUnsupported(name, dtype);
    }
    return { folder, model, weights };
  });
}

/** What reads a configuration does not know where it lies: its failures get the folder's path here. */
function inFolder<T>(folder: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { code, message, hint, place, exitCode, cause } = error;
    const file = place?.file === undefined ? folder : path.resolve(folder, place.file);
    throw new Failure(code, message, {
      ...(hint === undefined ? {} : { hint }),
      place: { ...place, file },
      exitCode,
      cause,
    });
  }
}

/** @throws Failure `max-length-beyond-context` where the model has no position for rows of that many tokens */
export function checkMaxLength({ model }: BaseModel, maxLength: number): void {
  if (model.positionsAreLearnt && maxLength > model.contextLength) {
    throw maxLengthBeyondContext(maxLength, model.contextLength);
  }
}

/** The tokenizer that lies in the model's folder. */
export async function openModelTokenizer({ folder }: BaseModel): Promise<Tokenizer> {
  if (folder.tokenizerFile === undefined) throw tokenizerMissing(folder.path);
  const specialTokensMap = await readJsonObjectIfPresent(path.join(folder.path, 'special_tokens_map.json'));
  const id = (key: string): number | undefined => {
    const value: unknown = folder.config[key];
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return typeof first === 'number' ? first : undefined;
  };
  const [bosId, eosId, padId] = [id('bos_token_id'), id('eos_token_id'), id('pad_token_id')];
  return openTokenizer({
    tokenizerFile: folder.tokenizerFile,
    modelType: String(folder.config['model_type']),
    ...(folder.tokenizerConfig === undefined ? {} : { tokenizerConfig: folder.tokenizerConfig }),
    ...(specialTokensMap === undefined ? {} : { specialTokensMap }),
    fallbackIds: {
      ...(bosId === undefined ? {} : { bosId }),
      ...(eosId === undefined ? {} : { eosId }),
      ...(padId === undefined ? {} : { padId }),
    },
  });
}

/** Ids that end a generated text: those of generation_config.json, config.json and the tokenizer. */
export function endIds({ folder }: BaseModel, tokenizer: Tokenizer): ReadonlySet<number> {
  const named = [folder.generationConfig?.['eos_token_id'], folder.config['eos_token_id'], tokenizer.eosId];
  return new Set(named.flat().filter((id): id is number => typeof id === 'number'));
}

/** Values of one weight as singles, row-major, by its name or that of one tied to it. */
export async function readWeight({ model, weights }: BaseModel, name: string): Promise<Float32Array> {
  const entry = weights.get(name) ?? weights.get(model.tied.get(name) ?? name);
  if (entry === undefined) throw new Error(`${model.modelType} has no weight ${name}`);
  return readTensor(entry);
}
