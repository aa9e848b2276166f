import { defineCommand } from '../../command.ts';
import { ForgeError } from '../../errors.ts';
import { nearest } from '../../lib/nearest.ts';
import { findSandbox } from '../../sandbox/process/find-sandbox.ts';
import { sandboxFolder } from '../../sandbox/process/sandbox-folder.ts';
import { getVpn, type Reachable, setVpn } from '../../sandbox/process/vpn.ts';
import { vpnText } from './vpn-text.ts';

export default defineCommand({
  description:
    'Connects or ends the VPN of the sandbox: without it the databases of production answer nobody from outside, and forge goes through the bastion.',
  arguments: [
    { name: '[state]', description: 'on or off; without it, says which' },
    { name: '[environments...]', description: 'these only (default: all of production)' },
  ],
  examples: [
    ['forge sandbox vpn on', 'production is reached directly, until it is off again'],
    ['forge sandbox vpn off dev', 'dev behaves as production does'],
    ['forge sandbox vpn', 'what is reached directly now'],
  ],
  details:
    'A sandbox starts with the VPN off: dev and qa answer directly, production does not. What is connected stays connected.',
  async run({ host, output, globals }, { args: [word, ...environments] }) {
    if (word !== undefined && word !== 'on' && word !== 'off') {
      throw new ForgeError('usage', `A VPN is on or off, not ${word}.`, {
        code: 'USAGE',
        hint: 'forge sandbox vpn on',
      });
    }
    const state = await findSandbox(host, sandboxFolder(host));
    if (state === undefined) {
      throw new ForgeError('failed', 'The sandbox does not run.', {
        code: 'NO_SANDBOX',
        hint: 'forge sandbox start',
      });
    }
    const now = await getVpn(state);
    for (const environment of environments) assertKnown(environment, now);
    if (globals.plan && word !== undefined) {
      const which = environments.length === 0 ? 'production' : environments.join(', ');
      output.plan({
        summary: `Switch the sandbox's VPN to ${which} ${word}.`,
        steps: [
          {
            kind: 'local',
            what: `databases of ${which} ${word === 'on' ? 'answer' : 'drop'} what comes directly`,
          },
        ],
        equivalents: [],
      });
      return 0;
    }
    const reachable = word === undefined ? now : await setVpn(state, word === 'on', environments);
    output.result({
      data: { direct: Object.fromEntries(reachable) },
      text: (style) => vpnText(reachable, style),
    });
    return 0;
  },
});

function assertKnown(environment: string, reachable: Reachable): void {
  if (reachable.has(environment)) return;
  const near = nearest(environment, reachable.keys());
  throw new ForgeError('usage', `There is no environment ${environment} with databases in the sandbox.`, {
    code: 'UNKNOWN_ENVIRONMENT',
    hint: near === undefined ? `There are: ${[...reachable.keys()].join(', ')}` : `Did you mean: ${near}`,
  });
}
