import { ForgeError } from '../errors.ts';
import { type AwsIniSection, parseAwsIni } from './aws-ini.ts';

/** A profile that asks forge for credentials. */
export interface AwsProfile {
  readonly environment: string;
  readonly region: string;
  /** The value of `credential_process`. */
  readonly command: string;
}

/** The line that makes a section forge's own. */
const mark = '# Written by forge config aws-profiles, which replaces what it wrote here.';
const prefix = 'forge-';

export function awsProfileName(environment: string): string {
  return `${prefix}${environment}`;
}

/** Environments that have a section of forge's own. */
export function findOwnProfiles(text: string): ReadonlySet<string> {
  return new Set(ownSections(text).map((section) => section.name.slice(prefix.length)));
}

/** One profile as text, as it is written and as --print shows it. */
export function renderAwsProfile(profile: AwsProfile): string {
  return [
    `[profile ${awsProfileName(profile.environment)}]`,
    mark,
    `region = ${profile.region}`,
    `credential_process = ${profile.command}`,
  ].join('\n');
}

/**
 * ~/.aws/config with these profiles in it. Only forge's own sections change, and in them only what forge wrote;
 * every other byte, line ends included, stays. Throws PROFILE_TAKEN for a section of that name that is not forge's.
 */
export function withAwsProfiles(text: string, profiles: readonly AwsProfile[]): string {
  let result = text;
  for (const profile of profiles) result = withProfile(result, profile);
  return result;
}

/** Without the sections of forge's own for which `stale` is true, and without the empty line that came with each. */
export function withoutAwsProfiles(text: string, stale: (environment: string) => boolean): string {
  const lines = splitLines(text);
  for (const section of ownSections(text).toReversed()) {
    if (!stale(section.name.slice(prefix.length))) continue;
    const blank = section.line > 0 && lines[section.line - 1]?.trim() === '' ? 1 : 0;
    const last = Math.max(section.lastLine, section.line + 1);
    lines.splice(section.line - blank, last - section.line + 1 + blank);
  }
  return lines.join('');
}

function withProfile(text: string, profile: AwsProfile): string {
  const name = awsProfileName(profile.environment);
  const lines = splitLines(text);
  const ends = lineEnds(text);
  const sections = parseAwsIni(text).filter((section) => section.kind === 'profile' && section.name === name);
  const own = sections.filter((section) => isOwn(lines, section));
  if (sections.length > own.length) {
    throw new ForgeError('usage', `The profile ${name} is there already, and forge did not write it.`, {
      code: 'PROFILE_TAKEN',
      hint: 'Rename or remove that section of ~/.aws/config, then try again.',
    });
  }
  const section = own.at(-1);
  if (section === undefined) {
    const start = text === '' ? '' : text.endsWith('\n') ? ends : ends + ends;
    return `${text}${start}${renderAwsProfile(profile).replaceAll('\n', ends)}${ends}`;
  }
  const setting = (key: string, value: string) => {
    const at = section.settingLines.get(key);
    const wanted = `${key} = ${value}`;
    if (at === undefined)
      lines[section.line + 1] = `${(lines[section.line + 1] ?? '').trimEnd()}${ends}${wanted}${ends}`;
    else if (section.settings.get(key) !== value) lines[at] = wanted + endOf(lines[at] ?? '');
  };
  setting('region', profile.region);
  setting('credential_process', profile.command);
  return lines.join('');
}

function ownSections(text: string): readonly AwsIniSection[] {
  const lines = splitLines(text);
  return parseAwsIni(text).filter(
    (section) => section.kind === 'profile' && section.name.startsWith(prefix) && isOwn(lines, section),
  );
}

function isOwn(lines: readonly string[], section: AwsIniSection): boolean {
  return lines[section.line + 1]?.trim() === mark;
}

/** Lines with their ends. */
function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function lineEnds(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? '\n';
}

function endOf(line: string): string {
  return /\r?\n$/.exec(line)?.[0] ?? '';
}
