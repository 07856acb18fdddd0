/** Counters and histograms in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export class Metrics {
  readonly #counters = new Map<string, Map<string, number>>();
  readonly #histograms = new Map<string, Histogram>();

  count(name: string, by: number, labels: Readonly<Record<string, string>> = {}): void {
    const series = this.#counters.get(name) ?? new Map<string, number>();
    this.#counters.set(name, series);
    const key = labelText(labels);
    series.set(key, (series.get(key) ?? 0) + by);
  }

  observe(name: string, seconds: number): void {
    const histogram = this.#histograms.get(name) ?? { sum: 0, counts: new Array<number>(bounds.length + 1).fill(0) };
    this.#histograms.set(name, histogram);
    histogram.sum += seconds;
    const place = bounds.findIndex((bound) => seconds <= bound);
    histogram.counts[place < 0 ? bounds.length : place]!++;
  }

  /** @param gauges what is measured at this moment */
  text(gauges: Readonly<Record<string, number>>): string {
    const lines: string[] = [];
    for (const [name, series] of this.#counters) {
      lines.push(`# TYPE ${name} counter`, ...[...series].map(([labels, value]) => `${name}${labels} ${value}`));
    }
    for (const [name, { sum, counts }] of this.#histograms) {
      lines.push(`# TYPE ${name} histogram`);
      let below = 0;
      counts.forEach((count, i) => {
        below += count;
        lines.push(`${name}_bucket${labelText({ le: i < bounds.length ? String(bounds[i]) : '+Inf' })} ${below}`);
      });
      lines.push(`${name}_sum ${sum}`, `${name}_count ${below}`);
    }
    for (const [name, value] of Object.entries(gauges)) lines.push(`# TYPE ${name} gauge`, `${name} ${value}`);
    return `${lines.join('\n')}\n`;
  }
}

interface Histogram {
  sum: number;
  readonly counts: number[];
}

/** Upper ends of the buckets, in seconds. */
const bounds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, '\\$&')}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
