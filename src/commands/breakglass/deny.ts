import { defineCommand } from '../../command.ts';
import { type DecideOptions, decideOptions, runDecision } from './run-decision.ts';

export default defineCommand<DecideOptions>({
  description: 'Refuses a request for break-glass access, for good.',
  arguments: [{ name: '<id>', description: 'of the request: BG-… or bg-7f3k' }],
  options: decideOptions,
  examples: [
    ['forge breakglass deny bg-7f3k --note "the pipeline can do it"', 'they are told why'],
    ['forge breakglass deny bg-7f3k --yes', 'without a question'],
  ],
  details: 'One refusal is enough, also where several must approve. Whoever asked may ask anew.',
  run: (context, input) => runDecision(context, input, 'denied'),
});
