import type {
  PreviewPage,
  PreviewParams,
  PreviewPlace,
  PreviewSample,
  PreviewSearch,
  Wanted,
} from '../../../run/preview';

/** Where previews get rows from: an engine process. Each answer takes a moment only; each rejects with a Failure. */
export interface PreviewSource {
  rows(params: PreviewParams, from: number, count: number): Promise<PreviewPage>;
  search(params: PreviewParams, wanted: Wanted, from: number): Promise<PreviewSearch>;
  sample(params: PreviewParams): Promise<PreviewSample>;
  place(params: PreviewParams, row: number): Promise<PreviewPlace>;
}
