import { defineCommand } from '../../command.ts';
import { openShell } from './open-shell.ts';

export default defineCommand({
  description:
    'Opens a shell in the sandbox as one of its people, to play several of them side by side, each in a terminal of their own: who asks, who approves, who is on call.',
  arguments: [
    {
      name: '<person>',
      description:
        'dana, quinn, nico, sam, alex, casey, bo, mia (approves tier 1), sven (approves tier 2) or noor (audits)',
    },
  ],
  examples: [
    ['forge sandbox as dana', 'a developer, who asks'],
    ['forge sandbox as mia', 'in another terminal: her manager, who approves'],
    ['forge sandbox as sam', 'who is on call'],
  ],
  details:
    'The same as forge sandbox shell --as. Everybody has a HOME of their own, and so a sign-in of their own. The sandbox should run (forge sandbox start): else each shell has one to itself.',
  run: (context, { args: [person] }) => openShell(context, person),
});
