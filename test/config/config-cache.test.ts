import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { hostWith } from '../support/config-host.ts';

const team = 'environments:\n  dev:\n    account: "111111111111"\n    region: us-east-1\n';
const write = (host: ReturnType<typeof hostWith>, path: string, text: string) =>
  writeFileSync(join(host.directories.home, path), text);

/** Loaded once, so that it is kept; then what is kept is changed, so that one sees whether it is used. */
async function loaded() {
  const host = hostWith({
    'forge.yaml': 'extends: team.yaml\ndefault_environment: dev\n',
    'team.yaml': team,
  });
  await loadConfig(host, undefined);
  const folder = join(host.directories.cache, 'config');
  const file = join(folder, readdirSync(folder)[0] ?? '');
  const kept = JSON.parse(readFileSync(file, 'utf8'));
  kept.data.default_environment = 'kept';
  writeFileSync(file, JSON.stringify(kept));
  return { host, file, kept, folder };
}

describe('what a configuration was found to say is kept', () => {
  it('and used while its files read the same', async () => {
    const { host, file, folder } = await loaded();
    const config = await loadConfig(host, undefined);
    expect(config.defaultEnvironment).toBe('kept');
    expect(config.environments.get('dev')?.account).toBe('111111111111');
    if (process.platform === 'win32') return;
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it.each([
    [
      'the file changes',
      ({ host }) => write(host, 'forge.yaml', 'extends: team.yaml\ndefault_environment: dev\n# same\n'),
    ],
    ['what it extends changes', ({ host }) => write(host, 'team.yaml', `${team}# same\n`)],
    ['others could have written it', ({ file }) => chmodSync(file, 0o666)],
    [
      'it is of another version',
      ({ file, kept }) => writeFileSync(file, JSON.stringify({ ...kept, version: '0' })),
    ],
    [
      'it is of another file',
      ({ file, kept }) => writeFileSync(file, JSON.stringify({ ...kept, path: '/x' })),
    ],
    [
      'it is of another home',
      ({ file, kept }) => writeFileSync(file, JSON.stringify({ ...kept, home: '/x' })),
    ],
    ['it is rubbish', ({ file }) => writeFileSync(file, '{"version":')],
    [
      'it lacks a part',
      ({ file, kept }) => writeFileSync(file, JSON.stringify({ ...kept, sources: undefined })),
    ],
  ] as const satisfies readonly (readonly [string, (parts: Awaited<ReturnType<typeof loaded>>) => void])[])(
    'but not when %s',
    async (_, change) => {
      const parts = await loaded();
      change(parts);
      expect((await loadConfig(parts.host, undefined)).defaultEnvironment).toBe('dev');
    },
  );

  it('but not when what it extends is gone, or wrong', async () => {
    const { host } = await loaded();
    write(host, 'team.yaml', 'x: 1\n');
    await expect(loadConfig(host, undefined)).rejects.toThrow('team.yaml:1:1');
    rmSync(join(host.directories.home, 'team.yaml'));
    await expect(loadConfig(host, undefined)).rejects.toThrow('does not exist');
  });

  it('and where it can’t be kept, the files are read each time', async () => {
    const host = hostWith({ 'forge.yaml': team, '.cache': 'a file in place of the folder' });
    for (let time = 0; time < 2; time++)
      expect((await loadConfig(host, undefined)).environments.size).toBe(1);
  });

  it('in at most 64 files, however many configurations there are', async () => {
    const host = hostWith();
    for (let index = 0; index < 80; index++) {
      mkdirSync(join(host.directories.home, `${index}`));
      write(host, `${index}/forge.yaml`, team);
      await loadConfig(host, `${index}/forge.yaml`);
    }
    expect(readdirSync(join(host.directories.cache, 'config')).length).toBeLessThanOrEqual(64);
  });
});
