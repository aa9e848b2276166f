import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A `bw` that keeps one item in a file: as the real one speaks, locked until its master password unlocks it. */
export interface BitwardenStandIn {
  /** To be the first of PATH. */
  readonly folder: string;
  /** Of a vault that somebody unlocked. */
  readonly session: string;
  readonly password: string;
  key(): Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string }>;
  /** Every line of arguments that it was called with. */
  calls(): Promise<readonly string[]>;
  setState(state: 'unlocked' | 'unauthenticated'): Promise<void>;
}

export async function createBitwarden(
  folder: string,
  item: string,
  { accessKeyId, secretAccessKey }: { readonly accessKeyId: string; readonly secretAccessKey: string },
): Promise<BitwardenStandIn> {
  const bin = join(folder, 'bw-bin');
  const vault = join(folder, 'vault.json');
  const log = join(folder, 'bw-calls.txt');
  const state = join(folder, 'bw-state');
  await mkdir(bin, { recursive: true });
  await writeFile(
    vault,
    JSON.stringify({
      id: '11111111-2222-4333-8444-555555555555',
      name: item,
      notes: 'kept',
      login: { username: accessKeyId, password: secretAccessKey, totp: null },
    }),
  );
  await writeFile(log, '');
  await writeFile(state, 'unlocked');
  const program = join(bin, 'bw');
  await writeFile(
    program,
    `#!${process.execPath}
const fs = require('node:fs');
const [verb, ...rest] = process.argv.slice(2);
fs.appendFileSync(${JSON.stringify(log)}, [verb, ...rest].join(' ') + '\\n');
const fail = (text) => { console.error(text); process.exit(1); };
const open = process.env.BW_SESSION === 'session-of-the-vault';
const state = fs.readFileSync(${JSON.stringify(state)}, 'utf8');
const vault = () => JSON.parse(fs.readFileSync(${JSON.stringify(vault)}, 'utf8'));
if (verb === 'status') console.log(JSON.stringify({ status: state === 'unlocked' ? (open ? 'unlocked' : 'locked') : state }));
else if (verb === 'unlock') {
  if (process.env[rest[rest.indexOf('--passwordenv') + 1]] !== 'correct horse battery') fail('Invalid master password.');
  console.log('session-of-the-vault');
} else if (!open) fail('Vault is locked.');
else if (verb === 'sync') console.log('Syncing complete.');
else if (verb === 'get') {
  const found = vault();
  if (rest[1] !== found.name && rest[1] !== found.id) fail('Not found.');
  console.log(JSON.stringify(found));
} else if (verb === 'edit') {
  const text = Buffer.from(fs.readFileSync(0, 'utf8'), 'base64').toString();
  JSON.parse(text);
  fs.writeFileSync(${JSON.stringify(vault)}, text);
  console.log(text);
} else fail('Unknown command.');
`,
  );
  await chmod(program, 0o755);
  return {
    folder: bin,
    session: 'session-of-the-vault',
    password: 'correct horse battery',
    async key() {
      const { login } = JSON.parse(await readFile(vault, 'utf8')) as {
        login: { username: string; password: string };
      };
      return { accessKeyId: login.username, secretAccessKey: login.password };
    },
    calls: async () => (await readFile(log, 'utf8')).split('\n').filter(Boolean),
    setState: (next) => writeFile(state, next),
  };
}
