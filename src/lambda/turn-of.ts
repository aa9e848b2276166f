/** The sweeper's runs. */
const runMs = 5 * 60_000;

/**
 * Of what is to be looked at, those whose turn it is: `most` in one run, so that none takes too long. The time decides it, since
 * the next run may be another instance, which knows nothing of this one.
 */
export function turnOf<Entry>(all: readonly Entry[], most: number, now: number): readonly Entry[] {
  const turns = Math.max(1, Math.ceil(all.length / most));
  const from = (Math.floor(now / runMs) % turns) * most;
  return all.slice(from, from + most);
}
