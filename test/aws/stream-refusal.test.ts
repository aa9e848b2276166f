import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createAws } from '../../src/aws/clients.ts';
import { resumeSession } from '../../src/aws/ssm.ts';
import { streamRefusal } from '../../src/aws/stream-refusal.ts';
import { Secret } from '../../src/lib/secret.ts';
import { startOrTerminate } from '../../src/ssm/start-or-terminate.ts';

const path = '/v1/data-channel/dana-0123456789abcdef0?role=publish_subscribe';
const aws = 'https://ssm.us-east-1.amazonaws.com';
const refused = (url: string, endpoint = aws, region = 'us-east-1') =>
  streamRefusal(new Secret(url), endpoint, region)?.code;

it.each([
  [`wss://ssmmessages.us-east-1.amazonaws.com${path}`, aws, 'us-east-1'],
  [`wss://ssmmessages.us-east-1.amazonaws.com:443${path}`, aws, 'us-east-1'],
  [`wss://ssmmessages-fips.us-east-1.amazonaws.com${path}`, aws, 'us-east-1'],
  [`wss://ssmmessages.us-east-1.api.aws${path}`, aws, 'us-east-1'],
  [`wss://vpce-0abc-1.ssmmessages.us-east-1.vpce.amazonaws.com${path}`, aws, 'us-east-1'],
  [
    `wss://ssmmessages.cn-north-1.amazonaws.com.cn${path}`,
    'https://ssm.cn-north-1.amazonaws.com.cn',
    'cn-north-1',
  ],
  // Said by a person.
  [`ws://127.0.0.1:4566${path}`, 'http://127.0.0.1:4566', 'us-east-1'],
  [`ws://localhost:4510${path}`, 'http://127.0.0.1:4566', 'us-east-1'],
  [`wss://aws.example.com:8443${path}`, 'https://aws.example.com', 'us-east-1'],
  [`wss://ssmmessages.us-east-1.amazonaws.com${path}`, 'https://aws.example.com', 'us-east-1'],
  [
    `wss://ssmmessages.us-iso-east-1.c2s.ic.gov${path}`,
    'https://ssm.us-iso-east-1.c2s.ic.gov',
    'us-iso-east-1',
  ],
])('%s of %s is taken', (url, endpoint, region) => {
  expect(refused(url, endpoint, region)).toBeUndefined();
});

it.each([
  ['wss://evil.example/v1/data-channel/x'],
  [`wss://ssmmessages.us-east-1.amazonaws.com.evil.example${path}`],
  [`wss://ssmmessages.eu-west-1.amazonaws.com${path}`],
  [`wss://evil-ssmmessages.us-east-1.amazonaws.com${path}`],
  [`wss://a.execute-api.us-east-1.amazonaws.com${path}`],
  [`wss://ssmmessages.us-east-1.elb.amazonaws.com${path}`],
  [`wss://ssmmessages.us-east-1.amazonaws.com:8443${path}`],
  [`wss://user@ssmmessages.us-east-1.amazonaws.com${path}`],
  [`wss://ssmmessages.us-east-1.amazonaws.com${path}#x`],
  [`ws://ssmmessages.us-east-1.amazonaws.com${path}`],
  [`https://ssmmessages.us-east-1.amazonaws.com${path}`],
  // AWS itself never leads to this machine.
  [`ws://127.0.0.1:80${path}`],
  ['not an address'],
  [`wss://evil.example${path}`, 'https://aws.example.com'],
  [`ws://127.0.0.1:80${path}`, 'https://aws.example.com'],
])('%s is refused', (url: string, endpoint?: string) => {
  expect(refused(url, endpoint)).toBe('UNSAFE_STREAM_URL');
});

it('whoever answers for AWS can not lead a session elsewhere, and the session is ended', async () => {
  const heard: string[] = [];
  const server = createServer((request, response) => {
    heard.push(String(request.headers['x-amz-target']).replace('AmazonSSM.', ''));
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.end(
      JSON.stringify({ SessionId: 's-1', StreamUrl: 'wss://evil.example/x', TokenValue: 'token' }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const host = {
      env: { AWS_ENDPOINT_URL_SSM: `http://127.0.0.1:${port}` },
      now: () => Date.now(),
      monotonic: () => performance.now(),
      signal: new AbortController().signal,
    };
    const client = createAws(host);
    const keys = { accessKeyId: 'a', secretAccessKey: 's' };
    const target = { target: 'i-0123456789abcdef0' };
    await expect(startOrTerminate(client, 'us-east-1', keys, target)).rejects.toMatchObject({
      code: 'UNSAFE_STREAM_URL',
      message: expect.not.stringContaining('token'),
    });
    expect(heard).toEqual(['StartSession', 'TerminateSession']);
    await expect(resumeSession(client, 'us-east-1', keys, 's-1')).rejects.toMatchObject({
      code: 'UNSAFE_STREAM_URL',
    });
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
