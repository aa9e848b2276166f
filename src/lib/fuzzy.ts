/**
 * How well a text matches what was typed: every word of it must stand in the text, its letters in order but not
 * necessarily side by side. Higher is better; undefined: no match. The empty query matches all alike.
 */
export function fuzzyScore(query: string, text: string): number | undefined {
  const lower = text.toLowerCase();
  let score = 0;
  for (const word of query.toLowerCase().split(/\s+/)) {
    if (word === '') continue;
    const part = wordScore(word, lower);
    if (part === undefined) return undefined;
    score += part;
  }
  return score;
}

function wordScore(word: string, text: string): number | undefined {
  const whole = text.indexOf(word);
  if (whole >= 0) return word.length * 4 + (startsWord(text, whole) ? 4 : 0) - whole / 1000;
  let score = 0;
  let from = 0;
  for (const letter of word) {
    const at = text.indexOf(letter, from);
    if (at < 0) return undefined;
    score += at === from ? 2 : startsWord(text, at) ? 1 : 0;
    from = at + letter.length;
  }
  return score;
}

function startsWord(text: string, at: number): boolean {
  return at === 0 || /[^a-z0-9]/.test(text[at - 1] ?? '');
}
