import { defineCommand } from '../../command.ts';
import { type DecideOptions, decideOptions, runDecision } from '../breakglass/run-decision.ts';

export default defineCommand<DecideOptions>({
  description: 'Refuses a change to data, for good.',
  arguments: [{ name: '<id>', description: 'of the change: BG-… or bg-7f3k' }],
  options: decideOptions,
  examples: [
    ['forge db deny bg-7f3k --note "line 4 has no WHERE"', 'they are told why'],
    ['forge db deny bg-7f3k --yes', 'without a question'],
  ],
  details: 'One refusal is enough, also where several must approve. Whoever asked may ask anew.',
  run: (context, input) => runDecision(context, input, 'denied', 'change'),
});
