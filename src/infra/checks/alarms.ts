import { type Check, fact, type Judged, stated } from '../check.ts';
import { handlers } from './cast.ts';

const group = 'what watches';

/** What must be told of without Slack: metric, what it is of, and in words what nobody would know. */
const wanted: readonly (readonly [metric: string, of: string, missingIsBad?: true])[] = [
  ...handlers.map((name) => ['AWS/Lambda Errors', `forge-breakglass-${name}`] as const),
  ['AWS/Lambda Invocations', 'forge-breakglass-sweeper', true],
  ['AWS/States ExecutionsFailed', ':stateMachine:forge-breakglass-session'],
  ['AWS/States ExecutionsAborted', ':stateMachine:forge-breakglass-session'],
  ['AWS/SQS ApproximateNumberOfMessagesVisible', 'forge-breakglass-'],
];

const isOf = (of: readonly string[], wantedName: string): boolean =>
  of.some(
    (name) =>
      name === wantedName ||
      (wantedName.startsWith(':')
        ? name.endsWith(wantedName)
        : wantedName.endsWith('-') && name.startsWith(wantedName)),
  );

export const alarms: readonly Check[] = [
  stated(
    group,
    {
      id: 'watch.alarms',
      title: 'somebody is told, without Slack, when break-glass itself fails or the sweeper stands still',
      why: 'What records and takes away could be dead for weeks, and the first to know would be an intruder.',
      fix: 'Keep aws_cloudwatch_metric_alarm.alarm with its actions; the sweeper’s with treat_missing_data = "breaching".',
    },
    ({ deployment }) =>
      wanted.map(([metric, of, missingIsBad]) => {
        const found = deployment.alarms.filter((alarm) => alarm.metric === metric && isOf(alarm.of, of));
        const holds = found.some((alarm) => alarm.tells && (!missingIsBad || alarm.missingIsBad));
        return fact(
          'alarm',
          `${metric} of ${of}`,
          'tells somebody',
          holds ? 'tells somebody' : found.length === 0 ? 'there is none' : 'tells nobody',
          holds,
        );
      }),
  ),
  stated(
    'functions',
    {
      id: 'functions.invoked',
      title: 'functions are called by break-glass’s own rules, and by nobody else’s leave',
      why: 'Whoever can call a function with an event of their own can make up grants, ends and records.',
      fix: 'aws_lambda_permission only for events.amazonaws.com, with source_arn of a rule forge-breakglass-…; no function URL.',
    },
    invokedBy,
  ),
];

function invokedBy({ deployment, intent }: Judged) {
  const rule = new RegExp(
    `^arn:aws[a-z-]*:events:[a-z0-9-]+:${intent.accessAccount}:rule/(?:forge-breakglass/)?forge-breakglass-`,
  );
  return deployment.invokers
    .filter(({ functionName }) => functionName === undefined || functionName.startsWith('forge-breakglass-'))
    .map(({ address, action, principal, source }) => {
      const holds =
        principal === 'events.amazonaws.com' &&
        action === 'lambda:InvokeFunction' &&
        source !== undefined &&
        rule.test(source) &&
        !source.includes('*');
      const found = holds
        ? 'a rule of break-glass'
        : `${principal}${source === undefined ? ', from anywhere' : `, from ${source}`}`;
      return fact(action, address, 'a rule of break-glass', found, holds);
    });
}
