import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { ResumeSessionCommand, SSMClient } from '@aws-sdk/client-ssm';
import { Secret } from '../../src/lib/secret.ts';
import type { DataChannel } from '../../src/ssm/data-channel.ts';
import { openDataChannel } from '../../src/ssm/open-data-channel.ts';
import { carryConnections } from '../../src/ssm/port-session.ts';
import { encodeSize, PayloadType } from '../../src/ssm/wire/payload.ts';

/**
 * What AWS's session-manager-plugin is to whoever starts it: its arguments and variables, the lines it prints, what it
 * does with signals and the terminal, and always exit code 0. It speaks to the real gateway; with which code is not
 * the point here.
 */
const [reply = '', region = '', operation, , requestText = '{}', endpoint = ''] = process.argv.slice(2);
const record = process.env.PLUGIN_RECORD;
if (record !== undefined) {
  const { [reply]: _, ...env } = process.env;
  appendFileSync(record, `${JSON.stringify({ argv: process.argv.slice(2), env, pid: process.pid })}\n`);
}
const { SessionId: sessionId, StreamUrl, TokenValue } = JSON.parse(process.env[reply] ?? '{}');
const { Target: target } = JSON.parse(requestText);
if (operation !== 'StartSession' || !sessionId) throw new Error('Invalid Operation');
process.stdout.write(`\nStarting session with SessionId: ${sessionId}\n`);

const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '', AWS_SESSION_TOKEN } = process.env;
const client = new SSMClient({
  region,
  endpoint,
  credentials: {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: AWS_SESSION_TOKEN }),
  },
});
const channel = await openDataChannel(
  {
    host: { env: {}, now: Date.now, monotonic: () => performance.now() },
    debug: () => {},
  },
  { sessionId, target, streamUrl: new Secret(StreamUrl), tokenValue: new Secret(TokenValue) },
  {
    signal: new AbortController().signal,
    async resume() {
      const { StreamUrl: url, TokenValue: token } = await client.send(
        new ResumeSessionCommand({ SessionId: sessionId }),
      );
      return url && token ? { streamUrl: new Secret(url), tokenValue: new Secret(token) } : undefined;
    },
  },
);
void channel.closed.then(({ output }) => {
  leaveTerminal();
  const farewell =
    output === '' ? `Exiting session with sessionId: ${sessionId}.` : `SessionId: ${sessionId} : ${output}`;
  process.stdout.write(`\n\n${farewell}\n\n`, () => process.exit(0));
});

if (channel.sessionType !== 'Port') followCommandOrShell(channel);
else if (channel.properties.type === 'LocalPortForwarding') listenLocally(channel);
else joinStreams(channel);

function followCommandOrShell(shell: DataChannel): void {
  // The exit code too comes on stdout.
  shell.onData((_, payload) => void process.stdout.write(payload));
  if (shell.sessionType === 'NonInteractiveCommands') return;
  if (process.stdin.isTTY) spawnSync('stty', ['-icanon', '-echo'], { stdio: 'inherit' });
  void shell.send(PayloadType.size, encodeSize({ columns: 80, rows: 24 }));
  process.on('SIGINT', () => void shell.send(PayloadType.output, Buffer.from([3])));
  process.stdin.on('data', (bytes: Buffer) => void shell.send(PayloadType.output, bytes));
}

function leaveTerminal(): void {
  if (process.stdin.isTTY) spawnSync('stty', ['icanon', 'echo'], { stdio: 'inherit' });
}

function listenLocally(port: DataChannel): void {
  const session = carryConnections(port, 'there', () => {});
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    void session.connect(new AbortController().signal).then((stream) => {
      stream.on('error', () => socket.destroy());
      socket.pipe(stream).pipe(socket);
    });
  });
  server.on('error', (error) => {
    process.stdout.write(`Cannot perform start session: ${error.message}\n`, () => process.exit(0));
  });
  server.listen(Number(port.properties.localPortNumber ?? 0), 'localhost', () => {
    const address = server.address();
    const number = typeof address === 'object' ? address?.port : 0;
    process.stdout.write(`Port ${number} opened for sessionId ${sessionId}.\nWaiting for connections...\n`);
  });
  process.on('SIGINT', () => {
    process.stdout.write('Terminate signal received, exiting.\n', () => process.exit(0));
  });
}

function joinStreams(port: DataChannel): void {
  process.on('SIGINT', () => {});
  port.onData((_, payload) => void process.stdout.write(payload));
  process.stdin.on('data', (bytes: Buffer) => void port.send(PayloadType.output, bytes));
  process.stdin.on('end', () => void port.drained().then(() => process.exit(0)));
}
