import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { getObject, listObjects, putOnce } from '../../aws/s3.ts';
import { ForgeError } from '../../errors.ts';
import { withFileLock } from '../../files/file-lock.ts';
import { ensurePrivateDirectory } from '../../files/private-directory.ts';
import type { Host } from '../../host.ts';
import { type IdentityParts, identityParts } from '../../identity/identity-parts.ts';
import { refusingPrompt } from '../../terminal/refusing-prompt.ts';
import { type AccessAccount, requesterAccount } from '../access-account.ts';
import type { BreakGlassPlace } from '../break-glass-place.ts';
import { findWebhook, postToSlack } from '../slack.ts';
import { deliverEvidence, type EvidenceBucket } from './deliver-evidence.ts';
import { listEvidence } from './evidence-state.ts';
import {
  forgetSpooled,
  hasSpooled,
  listSpooled,
  type Spooled,
  type SpoolItem,
  spoolFolder,
} from './spool.ts';

/** How it went: what is still there, and why the last of it could not be delivered. */
export interface Delivery {
  /** Of what was spooled; evidence is delivered all the time, and is no news. */
  readonly delivered: number;
  readonly waiting: number;
  readonly why: string | undefined;
}

const nothing: Delivery = { delivered: 0, waiting: 0, why: undefined };

/** Cheap: every command asks. */
export const hasUndelivered = (host: Pick<Host, 'directories'>): boolean =>
  hasSpooled(host) || listEvidence(host).length > 0;

/**
 * Tells what is still to be told, for `patienceMs` at most: an outage of Slack or S3 must not prolong an outage of the
 * bank. Never asks, and throws nothing but what Ctrl-C does. Two forges at once deliver one after the other. `only`: the
 * rest waits, and Identity Center is not asked for keys.
 */
export async function deliverSpool(
  parts: IdentityParts,
  place: BreakGlassPlace,
  patienceMs: number,
  only?: SpoolItem['kind'],
): Promise<Delivery> {
  const { host } = parts;
  if (!hasUndelivered(host)) return nothing;
  const signal = AbortSignal.any([host.signal, AbortSignal.timeout(patienceMs)]);
  // A host has getters: they must stay where they are.
  const hurried: Host = Object.create(host, { signal: { value: signal } }) as Host;
  const silent = identityParts({ host: hurried, output: silence(parts), prompt: refusingPrompt });
  try {
    await ensurePrivateDirectory(host, spoolFolder(host));
    return await withFileLock(hurried, join(spoolFolder(host), 'delivery'), () =>
      deliverAll(silent, place, only === undefined ? ['object', 'slack'] : [only]),
    );
  } catch (error) {
    host.signal.throwIfAborted();
    const waiting = (await listSpooled(host)).length + listEvidence(host).length;
    return { delivered: 0, waiting, why: reasonOf(error) };
  }
}

async function deliverAll(
  parts: IdentityParts,
  place: BreakGlassPlace,
  kinds: readonly SpoolItem['kind'][],
): Promise<Delivery> {
  const account = requesterAccount(parts, place);
  let delivered = 0;
  let waiting = 0;
  let why: string | undefined;
  const one = async (spooled: Spooled) => {
    try {
      if (!existsSync(spooled.path)) return;
      await deliver(parts, account, spooled);
      forgetSpooled(spooled);
      delivered++;
    } catch (error) {
      waiting++;
      why = reasonOf(error);
    }
  };
  const evidence = async () => {
    const bucket = evidenceBucket(account);
    const bucketOf = async (name: string) => (name === place.intakeBucket ? bucket : undefined);
    for (const id of listEvidence(parts.host)) {
      try {
        await deliverEvidence(parts.host, id, bucketOf);
      } catch (error) {
        waiting++;
        why = reasonOf(error);
      }
    }
  };
  // Slack that is down does not keep S3 waiting, nor the other way round.
  const all = await listSpooled(parts.host);
  const spooled = kinds.map(async (kind) => {
    for (const each of all) if (each.item.kind === kind) await one(each);
  });
  await Promise.all(kinds.includes('object') ? [...spooled, evidence()] : spooled);
  return { delivered, waiting, why };
}

async function deliver({ host }: IdentityParts, account: AccessAccount, { item }: Spooled): Promise<void> {
  if (item.kind === 'slack') {
    const webhook = await findWebhook(host);
    if (webhook === undefined) {
      throw new ForgeError('usage', 'No Slack webhook is known.', { code: 'NO_WEBHOOK' });
    }
    return postToSlack(host, webhook, item.text);
  }
  const { aws, region, keys } = await account();
  // False: an answer was lost the last time, and it is there.
  await putOnce(aws, region, keys, { bucket: item.bucket, key: item.key, bytes: Buffer.from(item.text) });
}

/** Longer than any piece: what is longer is not one of ours. */
const pieceBytes = 2 * 1024 * 1024;

function evidenceBucket(account: AccessAccount): EvidenceBucket {
  return {
    async putOnce(key, bytes) {
      const { aws, region, keys, bucket } = await account();
      return putOnce(aws, region, keys, { bucket, key, bytes });
    },
    async get(key) {
      const { aws, region, keys, bucket } = await account();
      return (await getObject(aws, region, keys, { bucket, key, limit: pieceBytes }))?.bytes;
    },
    async keys(prefix) {
      const { aws, region, keys, bucket } = await account();
      const found: string[] = [];
      for await (const page of listObjects(aws, region, keys, { bucket, prefix }))
        found.push(...page.map(({ key }) => key));
      return found;
    },
  };
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

function silence({ output }: IdentityParts): IdentityParts['output'] {
  const debug = (text: string) => output.debug(text);
  return {
    debug,
    note: debug,
    warn: debug,
    instruct: debug,
    progress: () => ({ update() {}, [Symbol.dispose]() {} }),
  };
}
