/** One section of ~/.aws/config or ~/.aws/credentials, and where it stands in the text. */
export interface AwsIniSection {
  /** `profile`, `sso-session`, `services`; undefined for a bare `[name]`. */
  readonly kind: string | undefined;
  readonly name: string;
  /** Index of the header's line. */
  readonly line: number;
  /** Keys in lower case. A nested setting (`s3 =` and indented lines) has the key `s3.addressing_style`. */
  readonly settings: ReadonlyMap<string, string>;
  /** Index of the line on which a top-level key was last set. */
  readonly settingLines: ReadonlyMap<string, number>;
  /** Index of the last line that says something: a setting or an indented line. */
  readonly lastLine: number;
}

/**
 * The form that the AWS CLI and the SDKs share: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 * Never fails: what it does not understand it leaves out, as they do. A section that occurs twice is given twice.
 */
export function parseAwsIni(text: string): readonly AwsIniSection[] {
  const sections: MutableSection[] = [];
  let parent: string | undefined;
  for (const [index, raw] of linesOf(text).entries()) {
    const line = index === 0 ? raw.replace(/^(?:\ufeff|\u00ef\u00bb\u00bf)/, '') : raw;
    const section = sections.at(-1);
    const plain = line.split(/(?:^|\s)[;#]/)[0]?.trim() ?? '';
    if (plain === '') continue;
    const header = /^\[\s*(?:([\w-]+)\s+)?(.+?)\s*\]$/.exec(plain);
    if (header !== null && !/^\s/.test(line)) {
      sections.push(newSection(header[1], header[2] ?? '', index));
      parent = undefined;
      continue;
    }
    if (section === undefined) continue;
    section.lastLine = index;
    const equals = plain.indexOf('=');
    if (equals <= 0) continue;
    const key = plain.slice(0, equals).trim().toLowerCase();
    const value = plain.slice(equals + 1).trim();
    if (/^\s/.test(line)) {
      if (parent !== undefined) section.settings.set(`${parent}.${key}`, value);
      continue;
    }
    parent = value === '' ? key : undefined;
    section.settings.set(key, value);
    section.settingLines.set(key, index);
  }
  return sections;
}

/** Lines without their ends. */
export function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/);
}

interface MutableSection extends AwsIniSection {
  readonly settings: Map<string, string>;
  readonly settingLines: Map<string, number>;
  lastLine: number;
}

function newSection(kind: string | undefined, name: string, line: number): MutableSection {
  const bare = name.replace(/^(["'])(.*)\1$/, '$2');
  return { kind, name: bare, line, settings: new Map(), settingLines: new Map(), lastLine: line };
}
