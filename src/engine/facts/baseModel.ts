import { Failure } from '../../failure/failure';
import { openTokenizer } from '../data/tokenizer';
import type { Tokenizer, TokenizerSource } from '../data/tokenizer';
import { readJsonObjectIfPresent } from '../formats/jsonFile';
import { openModelFolder } from '../formats/modelFolder';
import type { ModelFolder } from '../formats/modelFolder';
import { ggufTensorUnknown } from '../formats/gguf/failures';
import { isGgufWeight, readWeightEntry } from '../formats/weightEntry';
import type { WeightEntry } from '../formats/weightEntry';
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
  readonly weights: ReadonlyMap<string, WeightEntry>;
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
    for (const entry of weights.values()) {
      const { name, dtype } = entry;
      if (isGgufWeight(entry)) continue;
      if (dtype !== 'F32' && dtype !== 'F16' && dtype !== 'BF16') throw weightDtypeUnsupported(name, dtype);
    }
    refuseLeftOver(folder, model);
    return { folder, model, weights };
  });
}

/** What a GGUF file has and the model does not read would change its numbers: such files hold nothing else. */
function refuseLeftOver({ path: file, tensors }: ModelFolder, { parameters, tied }: Model): void {
  for (const entry of tensors.values()) {
    if (!isGgufWeight(entry) || parameters.has(entry.name) || tied.has(entry.name)) continue;
    throw ggufTensorUnknown(file, entry.name);
  }
}

/** What reads a configuration does not know where it lies: its failures get the folder's path here. */
function inFolder<T>(folder: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { code, message, hint, place, exitCode, cause } = error;
    const isWhole = place?.file === undefined || place.file === folder || folder.endsWith('.gguf');
    const file = isWhole ? folder : path.resolve(folder, place.file);
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

/** The tokenizer that lies in the model's folder or GGUF file. */
export async function openModelTokenizer(base: BaseModel): Promise<Tokenizer> {
  return openTokenizer(await tokenizerSource(base));
}

/**
 * Where the tokenizer of a model lies.
 * @throws Failure `tokenizer-missing`
 */
export async function tokenizerSource({ folder }: BaseModel): Promise<TokenizerSource> {
  const { tokenizerFile, tokenizerJson, tokenizerConfig = {} } = folder;
  if (tokenizerJson !== undefined) return { tokenizerFile: folder.path, tokenizerJson, tokenizerConfig };
  if (tokenizerFile === undefined) throw tokenizerMissing(folder.path);
  const specialTokensMap = await readJsonObjectIfPresent(path.join(folder.path, 'special_tokens_map.json'));
  const id = (key: string): number | undefined => {
    const value: unknown = folder.config[key];
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return typeof first === 'number' ? first : undefined;
  };
  const [bosId, eosId, padId] = [id('bos_token_id'), id('eos_token_id'), id('pad_token_id')];
  return {
    tokenizerFile,
    modelType: String(folder.config['model_type']),
    ...(folder.tokenizerConfig === undefined ? {} : { tokenizerConfig: folder.tokenizerConfig }),
    ...(specialTokensMap === undefined ? {} : { specialTokensMap }),
    fallbackIds: {
      ...(bosId === undefined ? {} : { bosId }),
      ...(eosId === undefined ? {} : { eosId }),
      ...(padId === undefined ? {} : { padId }),
    },
  };
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
  return readWeightEntry(entry);
}
