/**
 * JSON as Python's json.dumps writes it with its defaults: `, ` and `: ` between, everything but printable ASCII escaped.
 * The AWS CLI hashes and stores such text; a file that forge shares with it keeps its bytes.
 * Numbers are meant to be integers: Python would write 1.0 where JavaScript knows only 1.
 */
export function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{${members.map(([name, member]) => `${text(name)}: ${pythonJson(member)}`).join(', ')}}`;
  }
  if (typeof value === 'string') return text(value);
  return JSON.stringify(value) ?? 'null';
}

/** JSON.stringify leaves DEL and everything above it as they are; Python escapes all but space to tilde. */
function text(value: string): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
