// What all parts of the report are made of: headings, tables, medians, and a word on the error stream about what
// takes long.

/** Fewer rounds of everything: to see whether it runs, not to quote. */
export const QUICK = process.env.BENCH_QUICK === "1";

export const progress = (text) => process.stderr.write(`  ${text}\n`);
export const heading = (text) => console.log(`\n${text}\n${"-".repeat(text.length)}`);

/** The first column to the left, the others to the right. */
export function table(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join("  ")
        .trimEnd(),
    );
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function percentile(values, part) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(part * sorted.length) - 1];
}
