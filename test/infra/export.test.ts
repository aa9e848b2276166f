import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeZip } from '../../src/lib/zip.ts';
import { builtForge } from '../support/built-forge.ts';
import { forgeIn, hostWith } from '../support/config-host.ts';

const root = join(import.meta.dirname, '..', '..');
const sample = readFileSync(join(root, 'samples', 'forge.yaml'), 'utf8');
let script = '';
beforeAll(async () => {
  script = await builtForge();
});

/** A working folder with a forge.yaml, and forge as it is installed. */
const hostOf = (files: Readonly<Record<string, string>> = { 'forge.yaml': sample }) => {
  const host = hostWith(files, { program: { node: process.execPath, script } });
  const at = (path: string) => join(host.directories.home, 'out', path);
  const all = () =>
    readdirSync(at(''), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(at('').length + (at('').endsWith('/') ? 0 : 1))
          .replaceAll('\\', '/'),
      )
      .sort();
  return { host, at, all, run: (...args: string[]) => forgeIn(host, 'infra', 'export', 'out', ...args) };
};

describe('forge infra export', () => {
  it('writes all that Terraform needs, made for forge.yaml, and says what to do next', async () => {
    const { run, at, all } = hostOf();
    const { code, err, out } = await run();
    expect({ code, err: err.split('\n')[0] }).toEqual({
      code: 0,
      err: expect.stringMatching(/^Wrote \d+ files into ~/),
    });
    expect(err).toContain('terraform init');
    expect(err).toContain('forge infra check plan.json');
    expect(all()).toEqual(
      expect.arrayContaining([
        'README.md',
        'forge-infra.json',
        'forge.auto.tfvars.json.example',
        'lambda/forge-breakglass.zip',
        'main.tf',
        'modules/access-account/policies/approver.json',
        'modules/access-account/workflow.asl.json',
        'modules/production-account/versions.tf',
        'outputs.tf',
        'providers.tf',
        'module-tests/access-account.tftest.hcl',
        'variables.tf',
        'versions.tf',
      ]),
    );
    expect(readFileSync(at('main.tf'), 'utf8')).toContain('production_prod-wealth');
    const zip = readFileSync(at('lambda/forge-breakglass.zip'));
    expect([...decodeZip(zip).keys()]).toEqual(['index.cjs']);
    const manifest = JSON.parse(readFileSync(at('forge-infra.json'), 'utf8'));
    expect(out).toContain(manifest.files['lambda/forge-breakglass.zip']);
    expect(Object.keys(manifest.files).sort()).toEqual(all().filter((path) => path !== 'forge-infra.json'));
    // The example is what Terraform takes, and names no secret.
    expect(JSON.parse(readFileSync(at('forge.auto.tfvars.json.example'), 'utf8'))).toMatchObject({
      break_glass: { account: '999999999999' },
    });
  });

  it('the second time replaces what nobody edited, and never what is not its own', async () => {
    const { run, at } = hostOf();
    await run();
    writeFileSync(at('forge.auto.tfvars.json'), '{"mine":true}');
    writeFileSync(at('my.tf'), '# mine');
    expect((await run()).err).toContain('is up to date');
    // As an older forge would have written it.
    const manifest = JSON.parse(readFileSync(at('forge-infra.json'), 'utf8'));
    const old = '# an older forge\n';
    writeFileSync(at('outputs.tf'), old);
    const { createHash } = await import('node:crypto');
    manifest.files['outputs.tf'] = createHash('sha256').update(old).digest('hex');
    manifest.files['gone.tf'] = manifest.files['outputs.tf'];
    writeFileSync(at('gone.tf'), old);
    writeFileSync(at('forge-infra.json'), JSON.stringify(manifest));
    const again = await run('--output', 'json');
    expect({ code: again.code, ...JSON.parse(again.out) }).toMatchObject({
      code: 0,
      written: ['outputs.tf'],
      left: ['gone.tf'],
    });
    expect(readFileSync(at('outputs.tf'), 'utf8')).not.toBe(old);
    expect(readFileSync(at('gone.tf'), 'utf8')).toBe(old);
    expect(readFileSync(at('forge.auto.tfvars.json'), 'utf8')).toBe('{"mine":true}');
    expect(readFileSync(at('my.tf'), 'utf8')).toBe('# mine');
  });

  it('refuses what somebody edited, all or nothing, until --force', async () => {
    const { run, at } = hostOf();
    await run();
    writeFileSync(at('main.tf'), '# edited');
    rmSync(at('outputs.tf'));
    const refused = await run();
    expect({ code: refused.code, err: refused.err }).toEqual({
      code: 2,
      err: expect.stringContaining('  main.tf'),
    });
    expect(() => readFileSync(at('outputs.tf'))).toThrow();
    const planned = await run('--plan');
    expect(planned).toMatchObject({ code: 0, out: expect.stringContaining('refuse for main.tf') });
    expect(await run('--force')).toMatchObject({ code: 0 });
    expect(readFileSync(at('main.tf'), 'utf8')).not.toBe('# edited');
    expect(readFileSync(at('outputs.tf'), 'utf8')).toContain('output');
  });

  it.each([
    [
      'a file where the folder should be',
      (at: (path: string) => string) => writeFileSync(at(''), 'x'),
      'a file, where a folder should be',
    ],
    [
      'a file where a folder below should be',
      (at: (path: string) => string) => {
        mkdirSync(at(''));
        writeFileSync(at('modules'), 'x');
      },
      'a file, where a folder should be',
    ],
    [
      'a link to elsewhere',
      (at: (path: string) => string) => {
        mkdirSync(at(''));
        mkdirSync(join(at(''), '..', 'elsewhere'));
        symlinkSync(join(at(''), '..', 'elsewhere'), at('modules'));
      },
      'a symbolic link',
    ],
    [
      'a link in a file’s place',
      (at: (path: string) => string) => {
        mkdirSync(at(''));
        writeFileSync(join(at(''), '..', 'target'), 'x');
        symlinkSync(join(at(''), '..', 'target'), at('main.tf'));
      },
      'a symbolic link',
    ],
    [
      'a manifest that is none',
      (at: (path: string) => string) => {
        mkdirSync(at(''));
        writeFileSync(at('forge-infra.json'), '[]');
      },
      'is not what forge infra export wrote',
    ],
  ])('%s: one clear error, and nothing is written', async (_what, prepare, said) => {
    const { run, at } = hostOf();
    prepare((path) => at(path).replace(/\/$/, ''));
    const there = () =>
      readdirSync(join(at(''), '..'), { recursive: true, encoding: 'utf8' }).filter(
        (path) => !path.startsWith('.cache'),
      );
    const before = there();
    const { code, err } = await run();
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(said) });
    expect(there()).toEqual(before);
  });

  it('Ctrl-C leaves nothing half-written', async () => {
    const controller = new AbortController();
    const { host, at } = hostOf();
    const { infraFiles } = await import('../../src/infra/infra-files.ts');
    const { writeExport } = await import('../../src/infra/write-export.ts');
    const { loadConfig } = await import('../../src/config/load-config.ts');
    const { files } = await infraFiles(host, await loadConfig(host, undefined));
    let asked = 0;
    controller.signal.throwIfAborted = () => {
      if (++asked === 10) controller.abort('SIGINT');
      if (controller.signal.aborted) throw controller.signal.reason;
    };
    await expect(
      writeExport({ signal: controller.signal }, at(''), files, { forge: '0', files: {} }),
    ).rejects.toBe('SIGINT');
    expect(() => readdirSync(at(''))).toThrow('ENOENT');
  });

  // Nobody can write there, root neither.
  it.runIf(process.platform === 'linux').each(['/proc/no-such-folder/in', '/proc', '/sys/kernel/in'])(
    'where nothing can be written, %s, it says so in a sentence, and ends',
    async (folder) => {
      const { host } = hostOf();
      const { code, out, err } = await forgeIn(host, 'infra', 'export', folder);
      expect({ code, out, err }).toEqual({ code: 1, out: '', err: expect.stringContaining(folder) });
      expect(err).not.toMatch(/ at .*:\d+:\d+|\[object/);
      expect(err.trim().split('\n').length).toBeLessThanOrEqual(3);
    },
  );

  it('a file on the way to the folder is said by its name, and stays', async () => {
    const { host } = hostOf();
    const file = join(host.directories.home, 'file');
    writeFileSync(file, 'mine');
    const { code, err } = await forgeIn(host, 'infra', 'export', join(file, 'infra'));
    expect({ code, err }).toEqual({
      code: 2,
      err: expect.stringContaining('file is a file, where a folder should be'),
    });
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  it('a name that is empty is not the folder one stands in', async () => {
    const { host } = hostOf();
    expect(await forgeIn(host, 'infra', 'export', '')).toMatchObject({
      code: 2,
      err: expect.stringContaining('The name of the folder is empty'),
    });
  });

  it('without a forge.yaml writes the sample, and says so loudly', async () => {
    const { run, at } = hostOf({});
    const { code, err } = await run();
    expect({ code, err }).toEqual({ code: 0, err: expect.stringContaining('this is the SAMPLE') });
    expect(readFileSync(at('main.tf'), 'utf8')).toContain('999999999999');
  });

  it('a forge.yaml that lacks break-glass says what is missing', async () => {
    const { run } = hostOf({ 'forge.yaml': 'version: 1\n' });
    expect(await run()).toMatchObject({ code: 2, err: expect.stringContaining('break_glass') });
  });

  it('is in the npm package', async () => {
    const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
      cwd: root,
      maxBuffer: 1e8,
    });
    const names: string[] = JSON.parse(stdout)[0].files.map(({ path }: { path: string }) => path);
    for (const name of [
      'infra/modules/access-account/policies/approver.json',
      'infra/modules/production-account/policies/emergency-trust.json',
      'infra/root/variables.tf',
      'infra/module-tests/access-account.tftest.hcl',
    ])
      expect(names).toContain(name);
    expect(names.filter((name) => /tfvars$|tfstate|\.terraform/.test(name))).toEqual([]);
  });
});
