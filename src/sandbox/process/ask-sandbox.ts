import { request } from 'node:http';
import { ForgeError } from '../../errors.ts';
import { type JsonObject, parseJsonObject } from '../../lib/json-object.ts';
import type { SandboxState } from './sandbox-state.ts';

/** What the levers of a running sandbox need. */
export type Asked = Pick<SandboxState, 'url' | 'adminToken'>;

/**
 * Asks a lever of a running sandbox, `network`, `slack`. `what`: how the sentence ends when it does not answer. Throws
 * SANDBOX_HANGS.
 */
export function askSandbox(
  { url, adminToken }: Asked,
  method: 'GET' | 'POST',
  lever: string,
  what: string,
  fields?: object,
): Promise<JsonObject> {
  return new Promise((resolve, reject) => {
    const fail = (cause?: unknown) =>
      reject(
        new ForgeError('failed', `The sandbox does not say ${what}.`, {
          code: 'SANDBOX_HANGS',
          hint: 'Start it anew: forge sandbox stop, then forge sandbox start',
          cause,
        }),
      );
    const headers = { 'x-forge-sandbox-admin': adminToken, 'content-type': 'application/json' };
    const outgoing = request(`${url}/_sandbox/${lever}`, { method, headers, agent: false }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('error', fail);
      incoming.on('end', () => {
        const answer = parseJsonObject(text);
        if (incoming.statusCode !== 200 || answer === undefined)
          return fail(new Error(`${incoming.statusCode} ${text}`));
        resolve(answer);
      });
    });
    outgoing.setTimeout(3_000, () => outgoing.destroy(new Error('no answer within 3 s')));
    outgoing.on('error', fail);
    outgoing.end(fields === undefined ? undefined : JSON.stringify(fields));
  });
}
