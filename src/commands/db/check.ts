import { defineCommand } from '../../command.ts';
import type { CheckStep } from '../../db/check-database.ts';
import type { Style } from '../../terminal/style.ts';
import {
  connectionOptions,
  type DatabaseOptions,
  databaseFlags,
  reasonText,
  targetArgument,
} from './database-options.ts';

export default defineCommand<DatabaseOptions>({
  description:
    'Goes to a database step by step (name, credentials, endpoint, DNS, TCP, TLS, login, session), with times; where it stops, says what to do.',
  arguments: [targetArgument],
  options: [
    ...connectionOptions,
    { flags: '--write', description: 'as the role that may write, where forge.yaml names one' },
    { flags: '--reason <text>', description: reasonText },
  ],
  examples: [
    ['forge db check dev', 'every step, and how long it took'],
    ['forge db check prod-wealth --output json', 'the same for a script'],
  ],
  details:
    'Runs no statement but the question which server this is. Exit code 0 when all steps are passed, else that of\nthe failure: 4 not signed in, 5 denied, 6 unreachable.',
  async run(context, { args, options }) {
    const { globals, host, output } = context;
    const { requestDatabase } = await import('../../db/database-request.ts');
    const config = await context.config();
    const said = { env: globals.env, variables: host.env };
    const request = requestDatabase(config, args[0], databaseFlags(context, options), said);
    const purpose = { purpose: 'db check', reason: options.reason, profile: globals.profile };
    if (globals.plan) {
      const { planConnect } = await import('../../db/plan-connect.ts');
      return output.plan(planConnect(config, request, purpose, 'say how long each step took, and close'));
    }
    const { checkDatabase } = await import('../../db/check-database.ts');
    const { identityParts } = await import('../../identity/identity-parts.ts');
    const parts = { ...identityParts(context), config };
    using progress = output.progress(`checking ${request.name}`);
    const { steps, failure } = await checkDatabase(parts, request, purpose, ({ step }) =>
      progress.update(`checking ${request.name}: ${step} is done`),
    );
    progress[Symbol.dispose]();
    output.result({
      data: {
        target: request.name,
        ok: failure === undefined,
        code: failure?.code ?? null,
        steps,
      },
      text: (style) => steps.map((step) => render(step, style)).join('\n'),
    });
    return failure?.exitCode ?? 0;
  },
});

function render({ step, status, milliseconds, detail, hint }: CheckStep, style: Style): string {
  const mark = { ok: style.good('ok    '), failed: style.danger('FAILED'), skipped: style.dim('-     ') }[
    status
  ];
  const time = milliseconds === null ? '' : `${milliseconds} ms`;
  const lines = detail.split('\n').map((line) => style.plain(line));
  if (hint !== null) lines.push(...hint.split('\n').map((line) => style.bold(line)));
  const indent = ' '.repeat(31);
  return `${step.padEnd(12)}${mark} ${time.padStart(9)}   ${lines.join(`\n${indent}`)}`.trimEnd();
}
