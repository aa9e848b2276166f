import { ForgeError } from '../../errors.ts';
import { findProgram } from '../../files/find-program.ts';
import type { Host } from '../../host.ts';
import type { IdentityParts } from '../../identity/identity-parts.ts';
import { parseJsonObject } from '../../lib/json-object.ts';
import { Secret } from '../../lib/secret.ts';
import { isSameKey, type OfflineKey } from './offline-key.ts';
import { encodeVaultItem, parseVaultItem, type VaultItem } from './vault-item.ts';

/** Bitwarden, open: by its own program, which knows where it is and whose. */
export interface Vault {
  /** Throws VAULT_ITEM, VAULT_FAILED. */
  read(item: string): Promise<VaultItem>;
  /** Once it answers, the vault was read anew and has the key. Throws VAULT_FAILED, VAULT_DIFFERS. */
  write(item: VaultItem, key: OfflineKey): Promise<void>;
}

const patienceMs = 60_000;
/** Of an item; attachments are not in it. */
const mostBytes = 1024 * 1024;
const passwordVariable = 'FORGE_BW_PASSWORD';

export const bitwardenProgram = (host: Pick<Host, 'env' | 'platform'>): string | undefined =>
  findProgram(host, 'bw');

/**
 * The session key of an unlocked vault comes from BW_SESSION, else the master password is asked for; each is in the environment of
 * the bw that needs it, and nowhere else. Undefined: bw is not installed. Throws VAULT_LOGGED_OUT, VAULT_LOCKED, VAULT_FAILED.
 */
export async function openBitwarden(
  { host, prompt }: Pick<IdentityParts, 'host' | 'prompt'>,
  { fresh }: { readonly fresh: boolean },
): Promise<Vault | undefined> {
  const program = bitwardenProgram(host);
  if (program === undefined) return undefined;
  const run = (args: readonly string[], more: RunOptions = {}) => runBitwarden(host, program, args, more);
  const given = host.env.BW_SESSION ? new Secret(host.env.BW_SESSION) : undefined;
  const status = parseJsonObject(await run(['status'], { session: given }))?.status;
  if (status === 'unauthenticated') {
    throw new ForgeError('usage', 'Bitwarden knows nobody here.', {
      code: 'VAULT_LOGGED_OUT',
      hint: 'bw login',
    });
  }
  const session = status === 'unlocked' && given !== undefined ? given : await unlock(prompt, run);
  // Somebody may have changed it elsewhere. Without the network the copy on this machine has to do.
  if (fresh) await run(['sync'], { session });
  const read = async (item: string) => {
    const found = parseVaultItem(await run(['get', 'item', item], { session }));
    if (found !== undefined) return found;
    throw new ForgeError('failed', `The item ${item} of Bitwarden has no key of AWS.`, {
      code: 'VAULT_ITEM',
      hint: 'It needs the fields aws_access_key_id and aws_secret_access_key, or the two as user name and password.',
    });
  };
  return {
    read,
    async write(item, key) {
      // On stdin: everybody can read the arguments of a program.
      await run(['edit', 'item', item.id], { session, stdin: encodeVaultItem(item, key) });
      const { key: stored } = await read(item.id);
      if (isSameKey(stored, key)) return;
      throw new ForgeError('failed', 'Bitwarden took the new key, and has another.', {
        code: 'VAULT_DIFFERS',
        hint: 'Look at the item, and type it once more: forge breakglass rotate',
      });
    },
  };
}

type Run = (args: readonly string[], more?: RunOptions) => Promise<string>;

async function unlock(prompt: IdentityParts['prompt'], run: Run): Promise<Secret> {
  const locked = (cause?: unknown) =>
    new ForgeError('usage', 'Bitwarden is locked.', {
      code: 'VAULT_LOCKED',
      hint: 'export BW_SESSION="$(bw unlock --raw)"',
      cause,
    });
  if (!prompt.possible) throw locked();
  const typed = await prompt.secret({
    message: 'Master password of Bitwarden (whoever has the key)',
    flag: 'BW_SESSION',
  });
  try {
    const args = ['unlock', '--raw', '--passwordenv', passwordVariable];
    const session = (await run(args, { password: new Secret(typed) })).trim();
    if (session !== '') return new Secret(session);
  } catch (error) {
    throw locked(error);
  }
  throw locked();
}

interface RunOptions {
  readonly session?: Secret | undefined;
  readonly password?: Secret;
  readonly stdin?: string;
}

/** Its stdout. Throws VAULT_FAILED, and what Ctrl-C does. */
function runBitwarden(
  host: Host,
  program: string,
  args: readonly string[],
  { session, password, stdin }: RunOptions,
): Promise<string> {
  const env = {
    ...host.env,
    BW_NOINTERACTION: 'true',
    BW_SESSION: session?.reveal(),
    [passwordVariable]: password?.reveal(),
  };
  return new Promise((resolve, reject) => {
    const child = host.spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    let bytes = 0;
    let said = '';
    const end = AbortSignal.any([host.signal, AbortSignal.timeout(patienceMs)]);
    const kill = () => void child.kill('SIGKILL');
    end.addEventListener('abort', kill, { once: true });
    if (end.aborted) kill();
    const fail = (why: string, cause?: unknown) =>
      reject(
        host.signal.aborted
          ? host.signal.reason
          : new ForgeError('failed', `Failed at bw ${args[0]}: ${why}`, {
              code: 'VAULT_FAILED',
              hint: `Try it by hand: bw ${args.slice(0, 2).join(' ')}`,
              cause,
            }),
      );
    child.stdout?.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > mostBytes) return kill();
      chunks.push(chunk);
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(0, 2_000);
    });
    child.once('error', (error) => fail(error.message, error));
    child.once('close', (code) => {
      end.removeEventListener('abort', kill);
      if (code === 0) return resolve(Buffer.concat(chunks).toString('utf8'));
      if (bytes > mostBytes) return fail('its answer is too long.');
      if (end.aborted) return fail('no answer in time.');
      // One line, and what bw says of the item is the vault's name for it at most.
      fail(`${said.trim().split('\n')[0] || `exit code ${code}`}.`.replace(/\.\.$/, '.'));
    });
    // It may end before it has read.
    child.stdin?.once('error', () => {});
    child.stdin?.end(stdin ?? '');
  });
}
