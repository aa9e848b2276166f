import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAwsConfig } from '../../src/config/aws-config-file.ts';
import {
  findOwnProfiles,
  renderAwsProfile,
  withAwsProfiles,
  withoutAwsProfiles,
} from '../../src/config/aws-profiles.ts';

const profile = (environment: string, region = 'us-east-1') => ({
  environment,
  region,
  command: `/usr/bin/node "/opt/my forge/forge.cjs" credentials ${environment}`,
});
const dev = profile('dev');
const qa = profile('qa');

/** ~/.aws/config files as people have them. */
const corpus: Readonly<Record<string, string>> = {
  empty: '',
  'only a line end': '\n',
  'no line end at the end': '[default]\nregion = us-east-1',
  'many sections':
    '[default]\nregion=us-east-1\n\n[profile a]\nrole_arn = x\nsource_profile = default\n\n\n# the end\n',
  'comments and tabs':
    '# mine\n\n[profile a]  ; why\n\tregion\t=\tx\n   # indented\n[sso-session t]\nsso_start_url=https://t/#/\n',
  'nested settings':
    '[profile s]\ns3 =\n  max_concurrent_requests = 20\n  addressing_style = path\noutput = json\n',
  'Windows line ends': '[default]\r\nregion = us-east-1\r\n\r\n[profile a]\r\nregion = x\r\n',
  'mixed line ends': '[default]\r\nregion = us-east-1\n[profile a]\nregion = x\r\n',
  'a byte order mark': '\u00ef\u00bb\u00bf[default]\nregion = x\n',
  'bytes that are no UTF-8': '# d\xe9veloppement \xff\xfe\x80\n[default]\nregion = x\n',
  rubbish: ']]][\n===\n[profile\n[]\n\x00\x01\n[profile forge-x',
  'a profile that looks like ours': '[profile forgery]\nregion = x\n[forge-dev]\na=b\n',
};

describe('profiles written into ~/.aws/config', () => {
  it.each(Object.entries(corpus))('keep every foreign byte: %s', (_, before) => {
    const after = withAwsProfiles(before, [dev, qa]);
    expect(after.startsWith(before)).toBe(true);
    expect(withAwsProfiles(after, [dev, qa])).toBe(after);
    expect([...findOwnProfiles(after)]).toEqual(['dev', 'qa']);
    const { profiles } = parseAwsConfig(after);
    expect(Object.fromEntries(profiles.get('forge-dev') ?? [])).toEqual({
      region: 'us-east-1',
      credential_process: dev.command,
    });
    const removed = withoutAwsProfiles(after, () => true);
    const ends = /\r?\n/.exec(before)?.[0] ?? '\n';
    expect(removed).toBe(before === '' || before.endsWith('\n') ? before : before + ends);
  });

  it('change what forge wrote where it stands, and nothing that was added there', () => {
    const before = withAwsProfiles('[default]\nregion = x\n', [dev, qa])
      .replace('region = us-east-1\n', '# mine\noutput = json\nregion = us-east-1\n')
      .concat('[profile z]\nregion = y\n');
    const after = withAwsProfiles(before, [{ ...dev, region: 'eu-west-1', command: 'new' }]);
    expect(after).toBe(
      before
        .replace('region = us-east-1', 'region = eu-west-1')
        .replace(`credential_process = ${dev.command}`, 'credential_process = new'),
    );
  });

  it('put back a setting that somebody took out', () => {
    const complete = withAwsProfiles('', [dev]);
    for (const cut of [/region = .*\n/, /credential_process = .*\n/, /\nregion[\s\S]*/]) {
      const { profiles } = parseAwsConfig(withAwsProfiles(complete.replace(cut, ''), [dev]));
      expect(profiles.get('forge-dev')).toEqual(parseAwsConfig(complete).profiles.get('forge-dev'));
    }
  });

  it('of a section with that name that is not forge’s, nothing is touched: it is an error', () => {
    const before = '[profile forge-dev]\nsso_session = mine\n';
    expect(() => withAwsProfiles(before, [qa, dev])).toThrow(
      'The profile forge-dev is there already, and forge did not write it.',
    );
    expect(withoutAwsProfiles(before, () => true)).toBe(before);
  });

  it('prune takes those away that are stale, from anywhere in the file', () => {
    const written = withAwsProfiles('[default]\n', [dev, qa, profile('old')]);
    const all = `${written}\n# my notes\n[profile z]\nregion = y\n`;
    const after = withoutAwsProfiles(all, (environment) => environment !== 'dev');
    expect(after).toBe(`[default]\n\n${renderAwsProfile(dev)}\n\n# my notes\n[profile z]\nregion = y\n`);
  });

  it('any text keeps its bytes, and writing twice is writing once', () => {
    const piece = fc.constantFrom(
      '[',
      ']',
      'profile ',
      'forge-',
      'dev',
      '=',
      ' ',
      '\t',
      '\n',
      '\r\n',
      '\r',
      '#',
      ';',
      'region',
      '\xff',
      '[profile a]\n',
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
      fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
    );
    fc.assert(
      fc.property(text, (before) => {
        fc.pre(!parseAwsConfig(before).profiles.has('forge-dev'));
        const after = withAwsProfiles(before, [dev]);
        expect(after.startsWith(before)).toBe(true);
        expect(withAwsProfiles(after, [dev])).toBe(after);
        expect(parseAwsConfig(after).profiles.get('forge-dev')?.get('credential_process')).toBe(dev.command);
      }),
      { numRuns: 2000 },
    );
  });
});
