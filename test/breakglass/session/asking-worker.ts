import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Asks for the session's credentials again and again, signals or not, and writes down when it got some. */
const [, , record = ''] = process.argv;
for (const name of ['SIGHUP', 'SIGTERM', 'SIGINT'] as const) process.on(name, () => {});
const url = process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI ?? '';
const authorization = process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN ?? '';
for (;;) {
  const started = Date.now();
  const answer = await fetch(url, { headers: { authorization } }).catch(() => undefined);
  const said = await answer?.text().catch(() => '');
  appendFileSync(
    record,
    `${JSON.stringify({ started, at: Date.now(), pid: process.pid, status: answer?.status ?? 0, said })}\n`,
  );
  await sleep(20);
}
