import { isPlainMap, type Plain, type PlainMap } from './same-meaning.ts';

/** A value as one line, in brackets where it is a list or a mapping. */
export function flowText(value: Plain, insideBrackets: boolean): string {
  if (Array.isArray(value)) return `[${value.map((item) => flowText(item, true)).join(', ')}]`;
  if (isPlainMap(value)) {
    const entries = Object.entries(value).map(([key, item]) => `${keyText(key)}: ${flowText(item, true)}`);
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
  }
  return typeof value === 'string' ? scalarText(value, insideBrackets) : JSON.stringify(value);
}

/** Quoted unless it can only be text. JSON strings are YAML strings. */
export function scalarText(text: string, insideBrackets: boolean): string {
  const word = /^[A-Za-z][\w./@-]*$/.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text);
  const duration = /^(?=\d)(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?$/.test(text);
  const arn = /^arn:[\w:/+=.@-]*[\w/]$/.test(text);
  const template = !insideBrackets && /^[A-Za-z][\w./@{}-]*$/.test(text) && text.includes('{');
  return word || duration || arn || template ? text : JSON.stringify(text);
}

export function keyText(key: string): string {
  return scalarText(key, true);
}

const longestLine = 100;

/** Entries of a mapping as lines, each indented by `indent`. */
export function blockLines(entries: PlainMap, indent: string, step: string): readonly string[] {
  return Object.entries(entries).flatMap(([key, value]) => entryLines(key, value, indent, step));
}

function entryLines(key: string, value: Plain, indent: string, step: string): readonly string[] {
  const head = `${indent}${keyText(key)}:`;
  if (isPlainMap(value) && Object.keys(value).length > 0) {
    return [head, ...blockLines(value, `${indent}${step}`, step)];
  }
  const line = `${head} ${flowText(value, false)}`;
  if (!Array.isArray(value) || line.length <= longestLine) return [line];
  return [head, ...value.map((item) => `${indent}${step}- ${flowText(item, false)}`)];
}
