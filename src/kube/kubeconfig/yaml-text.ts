/** How a file is written, so that what is added looks like what is there. */
export interface YamlStyle {
  readonly eol: '\n' | '\r\n';
  /** Columns from a key to the keys below it. */
  readonly step: number;
  /** Columns from a key to the dashes of its list: 0 as kubectl writes. */
  readonly dash: number;
  /** Columns from a dash to the first key after it. */
  readonly afterDash: number;
}

export const kubectlStyle: YamlStyle = { eol: '\n', step: 2, dash: 0, afterDash: 2 };

export type Quoting = 'plain' | 'single' | 'double';

/** What no reader of YAML 1.1 (kubectl's) or 1.2 takes for anything but a string. */
const plain = /^(?:--)?[A-Za-z_/][\w./@+=-]*(?::[\w./@+=-]+)*$/;
const words = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf)$/i;

/** A scalar that every reader takes for this very value, on one line. `plain` only where it is safe. */
export function scalarText(value: unknown, quoting: Quoting = 'plain'): string {
  if (typeof value !== 'string') return JSON.stringify(value ?? null);
  if (quoting === 'plain' && plain.test(value) && !words.test(value)) return value;
  if (quoting === 'single' && /^[\x20-\x7e]*$/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  return quoted(value);
}

/** JSON's escapes mean the same in YAML; what YAML 1.1 takes for a line end, or refuses, is escaped too. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** JSON, which is YAML in flow style. `indent`: the column of its first line, to break it over lines as a file does. */
export function flowText(
  value: unknown,
  layout?: { readonly step: number; readonly indent: number },
): string {
  if (Array.isArray(value) || isObject(value)) {
    const [open, close] = Array.isArray(value) ? '[]' : '{}';
    const inner = layout && { ...layout, indent: layout.indent + layout.step };
    const parts = Array.isArray(value)
      ? value.map((item: unknown) => flowText(item, inner))
      : defined(value).map(([key, item]) => `${quoted(key)}: ${flowText(item, inner)}`);
    if (parts.length === 0) return `${open}${close}`;
    if (layout === undefined || inner === undefined) return `${open}${parts.join(', ')}${close}`;
    const line = (column: number) => `\n${' '.repeat(column)}`;
    return `${open}${line(inner.indent)}${parts.join(`,${line(inner.indent)}`)}${line(layout.indent)}${close}`;
  }
  return scalarText(value, 'double');
}

/** Lines of `key: value` in block style, without the line end after the last; `indent`: column of the key. */
export function pairText(key: string, value: unknown, indent: number, style: YamlStyle): string {
  const head = `${' '.repeat(indent)}${scalarText(key)}:`;
  if (Array.isArray(value) && value.length > 0) {
    return `${head}${style.eol}${itemsText(value, indent + style.dash, style)}`;
  }
  if (isObject(value) && defined(value).length > 0) {
    return `${head}${style.eol}${mapText(value, indent + style.step, style)}`;
  }
  return `${head} ${Array.isArray(value) || isObject(value) ? flowText(value) : scalarText(value)}`;
}

export function mapText(value: object, indent: number, style: YamlStyle): string {
  return defined(value)
    .map(([key, item]) => pairText(key, item, indent, style))
    .join(style.eol);
}

/** `indent`: column of the dashes. */
export function itemsText(items: readonly unknown[], indent: number, style: YamlStyle): string {
  const dash = `${' '.repeat(indent)}-${' '.repeat(style.afterDash - 1)}`;
  return items
    .map((item) => {
      if (isObject(item) && defined(item).length > 0) {
        return dash + mapText(item, indent + style.afterDash, style).trimStart();
      }
      return dash + (Array.isArray(item) || isObject(item) ? flowText(item) : scalarText(item));
    })
    .join(style.eol);
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function defined(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, item]) => item !== undefined);
}
