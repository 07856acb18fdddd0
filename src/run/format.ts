/** Numbers as people read them, the same in the command line, the editor and the dashboard. */

/** `15,191,712` */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** Three digits and a decimal unit: `92.2 kB`, `1.39 GB`. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return unit === 0 ? `${Math.round(value)} bytes` : `${value.toPrecision(3)} ${units[unit]!}`;
}

/** `3 s`, `2 min 05 s`, `1 h 03 min`; `?` when it is not known. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '?';
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${padded(whole % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${padded(minutes % 60)} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

function padded(value: number): string {
  return String(value).padStart(2, '0');
}

/** `0.61 %`: two digits that count, never more than two decimals unless the share is tiny. */
export function formatPercent(percent: number): string {
  if (percent === 0) return '0 %';
  const decimals = percent >= 10 ? 1 : percent >= 0.1 ? 2 : Math.min(20, 1 - Math.floor(Math.log10(Math.abs(percent))));
  return `${Number(percent.toFixed(decimals))} %`;
}

/** `2.3456`, `0.01235`, `1.2e-7`: a loss or a rate in four or five digits. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value) || value === 0) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2).replace('e+', 'e');
  return size >= 1000 ? value.toFixed(1) : value.toPrecision(4);
}
