/** Replaces what stands from `start` to before `end`; both count UTF-16 units of the old text. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Lines of the old text that become others. */
export interface Hunk {
  /** Number of the first line, from 1. */
  readonly line: number;
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

/** The new text; of several edits at one place the first comes first. They must not overlap. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = '';
  let done = 0;
  for (const edit of inOrder(edits)) {
    if (edit.start < done) throw new RangeError('edits overlap');
    result += text.slice(done, edit.start) + edit.text;
    done = edit.end;
  }
  return result + text.slice(done);
}

/** What changes, as whole lines without their ends. Edits of one line are one hunk. */
export function hunksOf(text: string, edits: readonly Edit[]): readonly Hunk[] {
  const hunks: Hunk[] = [];
  let group: Edit[] = [];
  let until = -1;
  const close = () => {
    const [first] = group;
    if (first === undefined) return;
    const start = text.lastIndexOf('\n', first.start - 1) + 1;
    const moved = group.map((edit) => ({ ...edit, start: edit.start - start, end: edit.end - start }));
    const old = text.slice(start, until);
    hunks.push(
      trimmed({
        line: text.slice(0, start).split('\n').length,
        removed: linesOf(old),
        added: linesOf(applyEdits(old, moved)),
      }),
    );
    group = [];
  };
  for (const edit of inOrder(edits)) {
    const start = text.lastIndexOf('\n', edit.start - 1) + 1;
    if (start >= until) close();
    group.push(edit);
    const end = text.indexOf('\n', Math.max(edit.end - 1, edit.start));
    until = Math.max(until, end < 0 ? text.length : end + 1);
  }
  close();
  return hunks;
}

const inOrder = (edits: readonly Edit[]): readonly Edit[] => [...edits].sort((a, b) => a.start - b.start);

function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

/** Without the lines at both ends that stay. */
function trimmed({ line, removed, added }: Hunk): Hunk {
  const shorter = Math.min(removed.length, added.length);
  let before = 0;
  while (before < shorter && removed[before] === added[before]) before++;
  let after = 0;
  while (after < shorter - before && removed.at(-1 - after) === added.at(-1 - after)) after++;
  return {
    line: line + before,
    removed: removed.slice(before, removed.length - after),
    added: added.slice(before, added.length - after),
  };
}
