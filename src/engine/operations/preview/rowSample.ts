import type { PreviewSample } from '../../../run/preview';
import { failureToWire } from '../../../run/wireError';
import { Failure } from '../../../failure/failure';
import { countSupervised } from '../../data/example';
import { defaultDatasetLimits } from '../../data/dataset';
import type { PlacedRow } from '../../data/order';
import type { RowBrowser } from '../../data/rowBrowser';

/** Rows that are looked at; in a file with no more of them every row is. */
const sampleRows = 2000;

/** Lengths of the rows that are trained on, looked at a few at a time. */
export class RowSample {
  readonly #browser: RowBrowser;
  readonly #maxLength: number;
  readonly #isWhole: boolean;
  readonly #rows: AsyncGenerator<PlacedRow>;
  readonly #lengths: number[] = [];
  readonly #supervised: number[] = [];
  #broken = 0;
  #problem: Failure | undefined;
  #isChecked = false;
  #isDone = false;

  constructor(browser: RowBrowser, maxLength: number) {
    this.#browser = browser;
    this.#maxLength = maxLength;
    this.#isWhole = browser.rowCountIsExact && browser.partRowCount <= sampleRows;
    this.#rows = browser.partRows(!this.#isWhole);
  }

  /** Looks at further rows until the time is over, at one at least. */
  async goOn(isOver: () => boolean): Promise<PreviewSample> {
    if (!this.#isChecked) await this.#check();
    while (!this.#isDone) {
      const next = await this.#rows.next();
      if (next.done === true) this.#isDone = true;
      else this.#look(next.value);
      if (this.#lengths.length + this.#broken >= sampleRows) this.#isDone = true;
      if (isOver()) break;
    }
    return {
      lengths: this.#lengths,
      supervised: this.#supervised,
      broken: this.#broken,
      problem: this.#problem === undefined ? null : failureToWire(this.#problem),
      isDone: this.#isDone,
      isWhole: this.#isWhole,
    };
  }

  /** A row that would stop the training is found in files that training checks too, also beyond the sample. */
  async #check(): Promise<void> {
    this.#isChecked = true;
    if (!this.#browser.isOneBlock || this.#browser.byteLength > defaultDatasetLimits.checkBytes) return;
    await this.#note(() => this.#browser.checkAll());
  }

  #look(row: PlacedRow): void {
    try {
      const { ids, supervised } = this.#browser.encode(row);
      this.#lengths.push(ids.length);
      this.#supervised.push(countSupervised(supervised.subarray(0, this.#maxLength)));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#problem ??= error;
      this.#broken++;
    }
  }

  async #note(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      this.#problem ??= error;
    }
  }
}
