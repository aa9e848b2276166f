/**
 * Text that came from a server, a file or another person, made safe to print: control characters (C0 but line
 * feed and tab, DEL, C1), bidirectional controls and other invisible format characters become `\xNN` or
 * `\u{NNNN}`. Without this a database notice or an account name can move the cursor, set the clipboard or fake
 * a prompt (CVE-2021-25743 is this defect in kubectl).
 */
export function escapeForTerminal(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
}

/** The same for one cell or one line: line feeds and tabs are shown too. */
export function escapeLine(text: string): string {
  return escapeForTerminal(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** JSON whose data stays the same: what a terminal would obey is written as JSON's own `\uNNNN`. */
export function escapeJson(json: string): string {
  return json.replace(unsafe, (characters) =>
    Array.from(
      { length: characters.length },
      (_, index) => `\\u${characters.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}

const unsafe =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}\ud800-\udfff]/gu;
