// Figures of many stories, as a test prints them.

/** Median, 95th percentile and maximum of what the costs say under that name. */
export function figures(costs, name) {
  const sorted = costs.map((cost) => cost[name]).sort((a, b) => a - b);
  return [0.5, 0.95, 1].map((part) => sorted[Math.ceil(part * sorted.length) - 1]);
}

/** One line of a table: a title, and values under each other. */
export function row(title, values, width = 44) {
  return `  ${title.padEnd(width)}${values.map((value) => String(value).padStart(8)).join("")}`;
}
