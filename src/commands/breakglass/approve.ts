import { defineCommand } from '../../command.ts';
import { type DecideOptions, decideOptions, runDecision } from './run-decision.ts';

export default defineCommand<DecideOptions>({
  description: 'Shows who asks for what and why, and lets them in if you say so.',
  arguments: [{ name: '<id>', description: 'of the request: BG-… or bg-7f3k' }],
  options: [
    { flags: '--duration <time>', description: 'how long, from the approval on, e.g. 2h' },
    ...decideOptions,
  ],
  examples: [
    ['forge breakglass approve bg-7f3k', 'look at it, and answer'],
    [
      'forge breakglass approve bg-7f3k --yes --note "read-only, please"',
      'without a question; the note is shown to them',
    ],
  ],
  details: `Compared before you are asked: tier, account, group, duration and ticket with forge.yaml, the person with the identity
store, and the exact bytes that you see are what you approve. Your own request you can't approve: AWS refuses it. When
the tier needs more than one approval, the last one lets them in. Typed twice, it does no harm: it finishes what an
interrupted one began.`,
  run: (context, input) => runDecision(context, input, 'approved'),
});
