import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packHandlers } from '../../scripts/pack-handlers.ts';
import {
  archiveBytes,
  type FunctionsArchive,
  loadFunctionsArchive,
} from '../../src/infra/functions-archive.ts';
import { decodeZip } from '../../src/lib/zip.ts';
import { builtForge } from '../support/built-forge.ts';
import { hasProgram } from '../support/programs.ts';

/** What is uploaded to Lambda, as forge's package has it. */
const run = promisify(execFile);
let folder = '';
let archive: FunctionsArchive;
const zip = () => join(folder, 'forge-breakglass.zip');
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'forge-archive-'));
  archive = await loadFunctionsArchive({ program: { node: process.execPath, script: await builtForge() } });
  await writeFile(zip(), archive.bytes);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const hasUnzip = hasProgram('unzip', "the functions' archive, as unzip reads it", '-v');
const hasPython = hasProgram('python3', "the functions' archive, as Python reads it");

describe("the functions' archive", () => {
  it('has at most 300 kB, and is not of this organisation', () => {
    expect(archive.bytes.length).toBeLessThan(archiveBytes);
    expect([...decodeZip(archive.bytes).keys()]).toEqual(['index.cjs']);
  });

  it.skipIf(process.env.FORGE_TEST_BINARY !== undefined)('built again is the same bytes', async () => {
    const again = await packHandlers(['@napi-rs/keyring', '@lydell/node-pty', 'pg-native']);
    expect(again.equals(archive.bytes)).toBe(true);
  });

  it.runIf(hasUnzip)('unzip finds no fault in it, and unpacks what forge does', async () => {
    expect((await run('unzip', ['-t', zip()])).stdout).toContain('No errors detected');
    const out = join(folder, 'out');
    await run('unzip', ['-q', zip(), '-d', out]);
    const file = join(out, 'index.cjs');
    expect((await readFile(file)).equals(decodeZip(archive.bytes).get('index.cjs') ?? Buffer.alloc(0))).toBe(
      true,
    );
    // Lambda runs functions as somebody else than who unpacked them.
    expect((await stat(file)).mode & 0o444).toBe(0o444);
  });

  it.runIf(hasPython)('Python finds no fault in it, and no time or owner', async () => {
    const script = `
import sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
for i in z.infolist():
    print(i.filename, i.date_time, oct(i.external_attr >> 16), i.flag_bits, len(i.extra), len(i.comment), i.compress_type)
`;
    const { stdout } = await run('python3', ['-c', script, zip()]);
    expect(stdout.trim()).toBe('index.cjs (1980, 1, 1, 0, 0, 0) 0o100644 0 0 0 8');
  });

  it('that is damaged is not exported', async () => {
    const script = join(folder, 'broken', 'bin', 'forge.cjs');
    const lambda = join(folder, 'broken', 'dist', 'lambda');
    await mkdir(join(folder, 'broken', 'bin'), { recursive: true });
    await mkdir(lambda, { recursive: true });
    await copyFile(await builtForge(), script);
    const load = () => loadFunctionsArchive({ program: { node: process.execPath, script } });
    const broken = (why: RegExp) =>
      expect.objectContaining({ code: 'BROKEN_INSTALLATION', message: expect.stringMatching(why) });
    await expect(load()).rejects.toThrow(broken(/ENOENT/));
    const bytes = Buffer.from(archive.bytes);
    bytes.writeUInt8(bytes.readUInt8(5_000) ^ 1, 5_000);
    await writeFile(join(lambda, 'forge-breakglass.zip'), bytes);
    await expect(load()).rejects.toThrow(broken(/can't be (read|unpacked)/));
  });
});

describe('a cold start', () => {
  /** As Lambda's runtime does it: the file by its name without an extension, then the export. */
  const load = (handler: string) =>
    `const before = process.cpuUsage();
const { ${handler}: handler } = require(${JSON.stringify(join(folder, 'cold', 'index.cjs'))});
if (typeof handler !== 'function') process.exit(9);
const { user, system } = process.cpuUsage(before);
process.stdout.write(String(user + system));`;
  const bareStart =
    'const { user, system } = process.cpuUsage(); process.stdout.write(String(user + system));';

  it('imports each handler within four starts of Node itself, which take 15 to 40 ms', async () => {
    await mkdir(join(folder, 'cold'), { recursive: true });
    for (const [name, content] of decodeZip(archive.bytes))
      await writeFile(join(folder, 'cold', name), content);
    const [starts, loads] = [[] as number[], new Map<string, number[]>()];
    // Processor time, in turns, and the least of each: what else runs on this machine slows both, and makes neither faster.
    for (let round = 0; round < 5; round++) {
      starts.push(Number((await run(process.execPath, ['-e', bareStart])).stdout));
      for (const handler of ['recorder', 'revoker', 'sweeper', 'exporter']) {
        const { stdout } = await run(process.execPath, ['-e', load(handler)]);
        loads.set(handler, [...(loads.get(handler) ?? []), Number(stdout)]);
      }
    }
    const start = Math.min(...starts);
    const slow = [...loads].filter(([, times]) => !(Math.min(...times) < 4 * start));
    expect(slow).toEqual([]);
    expect(loads.size).toBe(4);
  });
});
