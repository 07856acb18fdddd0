/** Rows of text in columns two spaces apart; columns whose title begins with a space are aligned to the right. */
export function tableLines(titles: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const all = [titles.map((title) => title.trim()), ...rows];
  const widths = titles.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all.map((row) =>
    row
      .map((cell, column) =>
        titles[column]!.startsWith(' ') ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
}
