/** `npm run fuzz:db-proxy [messages] [seed]`: a million mutated messages, from either side, through the proxy. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recordConversations } from '../test/db/proxy/record-conversation.ts';
import { runFuzz } from '../test/db/proxy/run-fuzz.ts';
import { bundleScript } from '../test/support/bundle-script.ts';
import { startPlainPostgres } from '../test/support/plain-postgres.ts';

const messages = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? 1 + Math.floor(Math.random() * 0x7fff_fffe));
const root = mkdtempSync(join(tmpdir(), 'forge-fuzz-'));
await using postgres = await startPlainPostgres();
const worker = join(process.cwd(), 'test', 'db', 'proxy', 'fuzz-worker.ts');
const script = await bundleScript(worker, root);
const conversations = await recordConversations(postgres.folder);
const result = await runFuzz(script, { conversations, messages, seed });
rmSync(root, { recursive: true, force: true });
console.log({ seed, ...result });
if (result.fed === undefined) process.exitCode = 1;
