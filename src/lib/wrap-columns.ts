import { wrapWords } from './wrap-words.ts';

/** Below it, two columns of options side by side are one. */
const narrow = 80;

/**
 * Breaks lines of help at spaces so that none is longer than `width`, where words allow; what follows goes below the
 * last column of its line, or where that leaves no room for it, a little to the right of its first. Pure.
 */
export function wrapColumns(text: string, width: number): string {
  if (width >= narrow) return text;
  return text
    .split('\n')
    .flatMap((line) =>
      line.replace(/ {2,}(?=--\S)/g, (gap, at: number) => (at === 0 ? gap : '\n  ')).split('\n'),
    )
    .flatMap((line) => wrapLine(line, width))
    .join('\n');
}

function wrapLine(line: string, width: number): string[] {
  if (line.length <= width) return [line];
  const indent = /^ */.exec(line)?.[0].length ?? 0;
  const column = /^ *\S.*? {2,}(?=\S)/.exec(line)?.[0].length ?? indent;
  const hanging = column <= width / 2 ? column : indent + 2;
  return wrapWords(line.slice(indent), width - indent, width - hanging).map(
    (words, index) => ' '.repeat(index === 0 ? indent : hanging) + words,
  );
}
