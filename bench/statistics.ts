export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const sorted = (values: readonly number[]) => [...values].sort((one, other) => one - other);

export function median(values: readonly number[]): number {
  const all = sorted(values);
  const middle = all.length >> 1;
  return all.length % 2 === 1 ? (all[middle] ?? 0) : ((all[middle - 1] ?? 0) + (all[middle] ?? 0)) / 2;
}

/** The mean of the middle half: as deaf to what is far off as a median, and more precise. */
export function midmean(values: readonly number[]): number {
  const quarter = values.length >> 2;
  return mean(sorted(values).slice(quarter, values.length - quarter));
}

/** The standard error of the mean: how far that of as many may well be from that of all, once in three times. */
export const errorOf = (values: readonly number[]): number =>
  Math.sqrt(mean(values.map((value) => (value - mean(values)) ** 2)) / values.length);

/** In another order: who always comes after the same one meets the machine as that one leaves it. */
export const shuffled = <Value>(values: readonly Value[]): readonly Value[] =>
  values
    .map((value) => ({ value, at: Math.random() }))
    .sort((one, other) => one.at - other.at)
    .map(({ value }) => value);
