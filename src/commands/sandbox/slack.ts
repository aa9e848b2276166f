import { defineCommand } from '../../command.ts';
import { ForgeError } from '../../errors.ts';
import { asJsonObject } from '../../lib/json-object.ts';
import { askSandbox } from '../../sandbox/process/ask-sandbox.ts';
import { findSandbox } from '../../sandbox/process/find-sandbox.ts';
import { sandboxFolder } from '../../sandbox/process/sandbox-folder.ts';

interface Message {
  /** ISO 8601, the sandbox's clock. */
  readonly at: string;
  readonly channel: string | undefined;
  readonly text: string;
}

export default defineCommand({
  description:
    'Shows what the Slack of the sandbox was told: requests for access, alerts, ends, seals. Nothing of it leaves this machine.',
  examples: [
    ['forge sandbox slack', 'all messages, oldest first'],
    ['forge sandbox slack --output json', 'the same for a script'],
  ],
  details:
    'In the sandbox FORGE_SLACK_WEBHOOK leads here, for forge and for the handlers of break-glass alike. The last 2000 messages are kept.',
  plannable: false,
  async run({ host, output }) {
    const state = await findSandbox(host, sandboxFolder(host));
    if (state === undefined) {
      throw new ForgeError('failed', 'The sandbox does not run.', {
        code: 'NO_SANDBOX',
        hint: 'forge sandbox start',
      });
    }
    const messages = readMessages(await askSandbox(state, 'GET', 'slack', 'what its Slack was told'));
    output.result({
      data: { messages },
      text: (style) =>
        messages.length === 0
          ? style.dim('Slack was told nothing yet.')
          : messages
              .map(({ at, channel, text }) => {
                const head = `${at.slice(11, 19)}  ${channel ?? '(the webhook’s own channel)'}`;
                const lines = readable(text)
                  .split('\n')
                  .map((line) => style.plain(line));
                return `${style.dim(head)}\n${lines.join('\n')}`;
              })
              .join('\n\n'),
    });
    return 0;
  },
});

function readMessages(answer: Readonly<Record<string, unknown>>): readonly Message[] {
  const all: readonly unknown[] = Array.isArray(answer.messages) ? answer.messages : [];
  return all.flatMap((entry) => {
    const { at, channel, text } = asJsonObject(entry) ?? {};
    if (typeof at !== 'number' || typeof text !== 'string') return [];
    return [
      { at: new Date(at).toISOString(), channel: typeof channel === 'string' ? channel : undefined, text },
    ];
  });
}

/** As people see it in Slack: without the joiners and entities that keep a stranger's words from being formatted. */
const readable = (text: string): string =>
  text.replaceAll('\u2060', '').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
