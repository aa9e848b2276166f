/** A word as a POSIX shell takes it: between single quotes nothing has a meaning. */
export function quotePosix(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
