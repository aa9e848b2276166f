/**
 * Lines of a text that is broken at spaces: the first at most `first` long, the others `rest`, where words allow. A word that is
 * longer has a line of its own, whole, so that it can be copied; gaps within a line stay as they are. Pure.
 */
export function wrapWords(text: string, first: number, rest: number): readonly string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of text.match(/\S+ */g) ?? []) {
    const width = lines.length === 0 ? first : rest;
    if (current !== '' && (current + word).trimEnd().length > width) {
      lines.push(current.trimEnd());
      current = word;
    } else current += word;
  }
  return [...lines, current.trimEnd()];
}
