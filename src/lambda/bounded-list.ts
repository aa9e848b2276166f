/** As much as one person has in years, and what can be listed in seconds. */
export const mostKeys = 20_000;

/** Of all people together, where nothing that ends access waits for it. */
export const mostKeysOfAll = 100_000;

/**
 * What is listed, page by page; of more than `most` entries none, and no further page is asked for. Who may write into a
 * folder may write a million objects, and a handler has minutes.
 */
export async function boundedList<Entry>(
  pages: AsyncIterable<readonly Entry[]>,
  most: number,
): Promise<readonly Entry[]> {
  const all: Entry[] = [];
  for await (const page of pages) {
    all.push(...page);
    if (all.length > most) return [];
  }
  return all;
}
