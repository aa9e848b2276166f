import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createPost } from '../../src/lambda/slack-webhook.ts';

const noSecret = async () => {
  throw new Error('nobody asked for one');
};

describe('telling Slack', () => {
  it('posts channel and text to the sandbox’s webhook, and fails when that does', async () => {
    const bodies: string[] = [];
    let status = 200;
    const server = createServer(async (request, response) => {
      for await (const chunk of request) bodies.push(String(chunk));
      response.writeHead(status).end('ok');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const post = createPost({ FORGE_SLACK_WEBHOOK: `http://127.0.0.1:${port}/hook` }, noSecret);
      await post('#platform-support', 'hello');
      await post(undefined, 'alert');
      expect(bodies.map((body) => JSON.parse(body))).toEqual([
        { channel: '#platform-support', text: 'hello' },
        { text: 'alert' },
      ]);
      status = 503;
      await expect(post(undefined, 'again')).rejects.toMatchObject({ code: 'SLACK_REFUSED' });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it.each([
    'http://10.0.0.1:80/x',
    'https://hooks.slack.com/services/x',
    'http://127.0.0.1.example.com:80/',
    'file:///etc/passwd',
  ])('in the environment takes loopback only, not %s', async (address) => {
    await expect(
      createPost({ FORGE_SLACK_WEBHOOK: address }, noSecret)(undefined, 'x'),
    ).rejects.toMatchObject({
      code: 'UNSAFE_WEBHOOK',
    });
  });

  it.each([
    'https://evil.example/services/x',
    'http://hooks.slack.com/x',
    'https://hooks.slack.com.evil.example/x',
  ])('by the secret goes to Slack only, not to %s', async (secret) => {
    const env = { FORGE_SLACK_SECRET: 'forge-breakglass/slack' };
    await expect(createPost(env, async () => secret)(undefined, 'x')).rejects.toMatchObject({
      code: 'UNSAFE_WEBHOOK',
    });
    const byChannel = JSON.stringify({ default: secret });
    await expect(createPost(env, async () => byChannel)('#a', 'x')).rejects.toMatchObject({
      code: 'UNSAFE_WEBHOOK',
    });
  });

  it('reads a secret again that could not be read, and says nothing where nobody is to be told', async () => {
    let reads = 0;
    const post = createPost({ FORGE_SLACK_SECRET: 's' }, async () => {
      reads++;
      throw new Error('not now');
    });
    await expect(post(undefined, 'x')).rejects.toThrow('not now');
    await expect(post(undefined, 'x')).rejects.toThrow('not now');
    expect(reads).toBe(2);
    await createPost({}, noSecret)(undefined, 'x');
  });
});
