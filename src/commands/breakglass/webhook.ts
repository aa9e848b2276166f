import { forgetWebhook, keepWebhook, webhookKeeper } from '../../breakglass/kept-webhook.ts';
import { checkWebhook, webhookVariable } from '../../breakglass/slack.ts';
import { defineCommand } from '../../command.ts';
import type { Context } from '../../context.ts';
import { ForgeError } from '../../errors.ts';
import type { Secret } from '../../lib/secret.ts';
import type { Plan } from '../../terminal/plan.ts';

const actions = ['show', 'set', 'remove'] as const;
type Action = (typeof actions)[number];

export default defineCommand({
  description: 'Keeps the address that Slack is told through in the keychain of this machine.',
  arguments: [
    { name: '[action]', description: 'set, remove, or show (the default): where it is, never the address' },
  ],
  examples: [
    ['forge breakglass webhook set', 'asks for the address, without showing it'],
    ['op read op://team/slack/webhook | forge breakglass webhook set', 'from a password manager'],
    ['forge breakglass webhook remove', 'it is in no keychain any more'],
  ],
  details: `Whoever has the address can post: it is never an argument, never shown, and in no file of forge. ${webhookVariable} comes
before the keychain.`,
  async run(context, { args }) {
    const { host, output, globals } = context;
    const action = actionNamed(args[0] ?? 'show');
    if (globals.plan) return output.plan(planOf(action));
    const variable = Boolean(host.env[webhookVariable]);
    if (action === 'set') {
      const keeper = await keepWebhook(host, await readAddress(context));
      if (variable) output.warn(`${webhookVariable} is set, and comes before it.`);
      return showWebhook(context, keeper, `It is kept in the ${keeper}.`);
    }
    if (action === 'remove') {
      const was = await forgetWebhook(host);
      return showWebhook(context, undefined, was ? 'It is forgotten.' : 'None was kept.');
    }
    const keeper = await webhookKeeper(host);
    const kept = keeper === undefined ? 'No webhook is known' : `The webhook is in the ${keeper}`;
    const first = variable ? `The webhook of ${webhookVariable} is used` : kept;
    return showWebhook(
      context,
      keeper,
      variable && keeper !== undefined ? `${first}; another is in the ${keeper}.` : `${first}.`,
    );
  },
});

function showWebhook({ host, output }: Context, keeper: string | undefined, sentence: string): void {
  const variable = Boolean(host.env[webhookVariable]);
  output.result({
    data: { known: variable || keeper !== undefined, variable, keychain: keeper ?? null },
    text: (style) => style.plain(sentence),
  });
}

function actionNamed(typed: string): Action {
  const action = actions.find((one) => one === typed);
  if (action !== undefined) return action;
  // What was typed is not repeated: it may be the address itself.
  throw new ForgeError('usage', 'This can only be set, removed or shown.', {
    code: 'USAGE',
    hint: `forge breakglass webhook ${actions.join(' | ')}; the address is asked for, and is never an argument.`,
  });
}

/** Typed without being shown, or from a pipe; never an argument. */
async function readAddress({ prompt, host }: Context): Promise<Secret> {
  const what = 'What was given';
  if (prompt.possible) {
    const message = 'Address of the incoming webhook';
    return checkWebhook((await prompt.secret({ message, flag: 'standard input' })).trim(), what);
  }
  if (host.stdin.isTTY === true) {
    throw new ForgeError('usage', 'Nobody can be asked for the address.', {
      code: 'INPUT_NEEDED',
      hint: 'Give it on standard input, for example from a password manager.',
    });
  }
  let text = '';
  for await (const chunk of host.stdin) {
    text += String(chunk);
    if (text.length > longest) break;
  }
  return checkWebhook(text.trim().slice(0, longest), what);
}

/** Slack's have some 80 characters. */
const longest = 4_096;

function planOf(action: Action): Plan {
  const what = {
    show: 'look which keychain has it',
    set: 'ask for the address, and keep it in the keychain',
    remove: 'take the address out of the keychain',
  };
  return {
    summary: `${action === 'show' ? 'Show' : action === 'set' ? 'Keep' : 'Remove'} the webhook of Slack.`,
    steps: [{ kind: 'local', what: what[action] }],
    equivalents: [],
  };
}
