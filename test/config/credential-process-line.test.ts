import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { parseAwsConfig } from '../../src/config/aws-config-file.ts';
import { credentialProcessLine } from '../../src/config/credential-process-line.ts';

const line = (script: string, platform: NodeJS.Platform = 'linux', node = '/usr/bin/node') =>
  credentialProcessLine({ program: { node, script }, platform }, '/etc/forge.yaml', 'dev', undefined);

const paths = [
  '/opt/forge.cjs',
  '/opt/my forge/forge.cjs',
  "/opt/o'hara/forge.cjs",
  '/opt/$HOME/`id`/f"x\\y.cjs',
  "/opt/$a'b c.cjs",
  '/home/josé/forge.cjs',
  '/opt/a#b;c&d|e>f*?.cjs',
];

describe('the credential_process line', () => {
  it.skipIf(process.platform === 'win32').each(paths)('means the same to a shell: %s', (path) => {
    const command = line(path).replace('/usr/bin/node', `printf '%s\\n'`);
    const words = execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8', env: { HOME: '/elsewhere' } });
    expect(words.split('\n')).toEqual([path, 'credentials', 'dev', '--config', '/etc/forge.yaml', '']);
  });

  it.each(paths)('survives the file: %s', (path) => {
    const { profiles } = parseAwsConfig(`[profile p]\ncredential_process = ${line(path)}\n`);
    expect(profiles.get('p')?.get('credential_process')).toBe(line(path));
  });

  it.skipIf(!hasPython())('means the same to shlex, which the AWS CLI splits it with', () => {
    for (const path of paths) {
      const script = 'import json,shlex,sys; print(json.dumps(shlex.split(sys.argv[1])))';
      const words = JSON.parse(execFileSync('python3', ['-c', script, line(path)], { encoding: 'utf8' }));
      expect(words).toEqual(['/usr/bin/node', path, 'credentials', 'dev', '--config', '/etc/forge.yaml']);
    }
  });

  it('quotes for Windows as Windows reads it', () => {
    expect(line('C:\\Program Files\\forge\\forge.cjs', 'win32', 'C:\\node.exe')).toBe(
      'C:\\node.exe "C:\\Program Files\\forge\\forge.cjs" credentials dev --config /etc/forge.yaml',
    );
  });

  it.each(['/opt/a\nb.cjs', '/opt/a #b.cjs', '/opt/a ;b.cjs', '/opt/\u0000'])('refuses %j', (path) => {
    expect(() => line(path)).toThrow("can't be written into ~/.aws/config");
  });
});

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
