// The time axis of the timeline. People take seconds where requests take milliseconds, so a stretch in
// which nothing begins or ends is folded when it is long: it keeps a narrow place that says how long it is.

/** No stretch shorter than this is folded, in ms. */
const SHORT = 250;
const NICE_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 30000, 60000];
const MAX_TICKS = 8;

/** @typedef {{from: number, to: number, begin: number, end: number, folded: boolean}} Stretch */
/**
 * @typedef {object} Scale places are fractions of the axis, 0 to 1
 * @property {(at: number) => number} place
 * @property {{place: number, width: number, ms: number}[]} folds
 * @property {{place: number, label: string}[]} ticks
 */

/**
 * @param {number[]} moments when something begins or ends, in ms, in any order
 * @param {number} label the part of the axis that a label takes; a fold is about as wide
 * @returns {Scale}
 */
export function foldedScale(moments, label) {
  const stretches = layOut(
    [...new Set(moments)].sort((a, b) => a - b),
    label,
  );
  return {
    place: (at) => placeIn(stretches, at),
    folds: stretches
      .filter(({ folded }) => folded)
      .map(({ from, to, begin, end }) => ({ place: begin, width: end - begin, ms: to - from })),
    ticks: ticksOf(stretches, label),
  };
}

/**
 * @typedef {object} Label
 * @property {"tick" | "fold-name"} kind
 * @property {string} text
 * @property {number} begin
 * @property {number} end
 */

/**
 * The labels that neither hide another nor leave the axis. Long pauses come first, ticks last.
 * @param {Scale} scale
 * @param {(text: string) => number} widthOf the part of the axis that a text takes
 * @returns {Label[]}
 */
export function labelsOf({ ticks, folds }, widthOf) {
  /** @type {Label[]} */
  const kept = [];
  /** @param {Label["kind"]} kind @param {string} text @param {number} begin */
  const keep = (kind, text, begin) => {
    const end = begin + widthOf(text);
    const free = kept.every((other) => end <= other.begin || other.end <= begin);
    if (free && begin >= 0 && end <= 1) kept.push({ kind, text, begin, end });
  };
  for (const { place, width, ms } of [...folds].sort((a, b) => b.ms - a.ms)) {
    const size = widthOf(duration(ms));
    const middle = place + (width - size) / 2;
    keep("fold-name", duration(ms), Math.max(0, Math.min(middle, 1 - size)));
  }
  for (const { place, label } of ticks) keep("tick", label, place);
  return kept;
}

/** @param {number[]} moments ascending @param {number} label @returns {Stretch[]} */
function layOut(moments, label) {
  const lengths = moments.slice(1).map((at, i) => at - (moments[i] ?? at));
  const limit = Math.max(SHORT, sum(lengths.map((ms) => Math.min(ms, SHORT))) / 3);
  const plain = sum(lengths.filter((ms) => ms <= limit));
  const fold = Math.max(plain * label, 1);
  const widths = lengths.map((ms) => (ms > limit ? fold : ms));
  const total = sum(widths) || 1;
  let begin = 0;
  return lengths.map((ms, i) => {
    const end = begin + (widths[i] ?? 0) / total;
    const from = moments[i] ?? 0;
    const stretch = { from, to: from + ms, begin, end, folded: ms > limit };
    begin = end;
    return stretch;
  });
}

/** @param {Stretch[]} stretches @param {number} at */
function placeIn(stretches, at) {
  const found = stretches.find(({ to }) => at <= to);
  if (!found) return stretches.length > 0 ? 1 : 0;
  const { from, to, begin, end } = found;
  return at <= from ? begin : begin + ((at - from) / (to - from)) * (end - begin);
}

/** @param {Stretch[]} stretches @param {number} label */
function ticksOf(stretches, label) {
  const plain = stretches.filter(({ folded }) => !folded);
  const folds = stretches.filter(({ folded }) => folded);
  const start = stretches[0]?.from ?? 0;
  const wanted = sum(plain.map(({ from, to }) => to - from)) * Math.max(label, 1 / MAX_TICKS);
  const step = NICE_STEPS.find((ms) => ms >= wanted) ?? 60000;
  /** @type {Scale["ticks"]} */
  const ticks = [];
  for (const { from, to, begin, end } of plain) {
    for (let ms = Math.ceil((from - start) / step) * step; ms <= to - start; ms += step) {
      const place = begin + ((ms - (from - start)) / (to - from)) * (end - begin);
      const last = ticks.at(-1)?.place ?? -1;
      const next = folds.find((fold) => fold.begin >= place)?.begin ?? 1;
      if (place - last >= label && next - place >= label)
        ticks.push({ place, label: duration(ms) });
    }
  }
  return ticks;
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

/** A length of time for people. @param {number} ms */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60000) return `${(ms / 1000).toFixed(ms < 10000 ? 1 : 0)} s`;
  return `${Math.floor(ms / 60000)} min ${Math.floor((ms % 60000) / 1000)} s`;
}
