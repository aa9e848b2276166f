import { defineCommand } from '../../command.ts';
import { type DecideOptions, decideOptions, runDecision } from '../breakglass/run-decision.ts';

export default defineCommand<DecideOptions>({
  description:
    'Shows a change to data, whole, with who asks for it and why, and lets it be run if you say so.',
  arguments: [{ name: '<id>', description: 'of the change: BG-… or bg-7f3k' }],
  options: [
    { flags: '--duration <time>', description: 'how long, from the approval on, e.g. 2h' },
    ...decideOptions,
  ],
  examples: [
    ['forge db approve bg-7f3k', 'read it, and answer'],
    ['forge db approve bg-7f3k --yes --note "compared with the ticket"', 'without a question'],
  ],
  details: `What you approve is what you see: the decision has the SHA-256 of exactly these bytes, for this database. Compared before
you are asked: the target with your forge.yaml, the person with the identity store, and whether it can be run in one
transaction. EXPLAIN and estimated rows are the requester's word, as their forge had them from the server; what the change
really does is counted when it is run. Your own change you can't approve: AWS refuses it.`,
  run: (context, input) => runDecision(context, input, 'approved', 'change'),
});
