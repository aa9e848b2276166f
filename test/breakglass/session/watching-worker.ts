import { appendFileSync } from 'node:fs';
import { breakGlassSession } from '../../../src/breakglass/session/session-client.ts';
import { systemHost } from '../../../src/host.ts';

/** As a tunnel of the session does: holds on until it hears of the end, and writes down when and why. */
async function main(): Promise<void> {
  const [, , record = ''] = process.argv;
  for (const name of ['SIGHUP', 'SIGTERM', 'SIGINT'] as const) process.on(name, () => {});
  const say = (value: object) =>
    appendFileSync(record, `${JSON.stringify({ at: Date.now(), pid: process.pid, ...value })}\n`);
  const session = await breakGlassSession(systemHost());
  if (session === undefined) return say({ none: true });
  const { id, tier, environment, endsAt } = session;
  const { accessKeyId } = await session.credentials();
  using watch = await session.watch();
  say({ id, tier, environment, endsAt, accessKeyId });
  const { message, code, kind } = await watch.over;
  say({ message, code, kind, aborted: watch.signal.aborted });
  const after = await session.credentials().then(
    () => 'given',
    (error: { code: string }) => error.code,
  );
  say({ after });
}

void main();
