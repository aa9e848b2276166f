import { isScalar, type Node, type YAMLSeq } from 'yaml';
import type { Edit } from './apply-edits.ts';
import type { Plain } from './same-meaning.ts';
import { flowText } from './yaml-value-text.ts';

/**
 * What a list needs to have other members. Those that stay, stay where they are. Undefined: it is laid out in a way that
 * can't be changed without losing something.
 */
export function planListEdits(
  text: string,
  node: YAMLSeq<Node>,
  wanted: readonly Plain[],
  newline: string,
): readonly Edit[] | undefined {
  const items: { readonly start: number; readonly end: number; readonly value: unknown }[] = [];
  for (const item of node.items) {
    if (!isScalar(item) || item.range === null || item.range === undefined) return undefined;
    items.push({ start: item.range[0], end: item.range[1], value: item.value });
  }
  const kept = items.filter(({ value }) => wanted.includes(value as Plain));
  const added = wanted.filter((value) => !items.some((item) => item.value === value));
  const flow = node.flow === true;
  if (flow) {
    const [start, end] = node.range ?? [0, 0];
    // A comment inside of the brackets belongs to some member.
    if (/(^|\s)#/.test(text.slice(start, end))) return undefined;
    const all = [...kept.map(({ value }) => value as Plain), ...added];
    return [{ start, end, text: flowText(all, true) }];
  }
  const [first] = items;
  const last = kept.at(-1) ?? items.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const removed = items.filter((item) => !kept.includes(item));
  const replaced = removed.slice(0, added.length);
  const edits: Edit[] = replaced.map(({ start, end }, index) => {
    return { start, end, text: flowText(added[index] ?? null, false) };
  });
  for (const { start } of removed.slice(added.length)) {
    const line = text.lastIndexOf('\n', start - 1) + 1;
    const after = text.indexOf('\n', start);
    edits.push({ start: line, end: after < 0 ? text.length : after + 1, text: '' });
  }
  const rest = added.slice(removed.length);
  if (rest.length > 0) {
    const line = text.lastIndexOf('\n', last.start - 1) + 1;
    const dash = /^[ ]*-[ ]+/.exec(text.slice(line, last.start))?.[0];
    if (dash === undefined || line + dash.length !== last.start) return undefined;
    const ended = text.indexOf('\n', last.end);
    const before = ended < 0 ? text.length : ended;
    const at = text[before - 1] === '\r' ? before - 1 : before;
    edits.push({
      start: at,
      end: at,
      text: rest.map((value) => `${newline}${dash}${flowText(value, false)}`).join(''),
    });
  }
  return edits;
}
