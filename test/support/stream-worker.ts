import { openStream } from '../../src/audit/stream-file.ts';
import { systemHost } from '../../src/host.ts';

/**
 * Appends numbered lines to a stream, many at once, and says each number on stdout once append() has answered for it,
 * until somebody kills it. argv: folder of forge's state, name of the stream.
 */
const [, , state = '', name = ''] = process.argv;
const host = systemHost();
const stream = await openStream(
  { ...host, directories: { ...host.directories, state } },
  { session: 'BG-TEST', name },
);
let next = 0;
const one = async (): Promise<never> => {
  for (;;) {
    const n = next++;
    await stream.append([JSON.stringify({ n, text: 'x'.repeat((n * 37) % 900) })]);
    process.stdout.write(`${n}\n`);
  }
};
await Promise.all(Array.from({ length: 8 }, one));
