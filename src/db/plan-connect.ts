import { type AccessQuestion, refusal } from '../access/may-i.ts';
import type { Config } from '../config/config.ts';
import { planCredentials } from '../identity/plan-credentials.ts';
import { tunnelDocument } from '../ssm/remote-host-document.ts';
import type { Plan, PlanStep } from '../terminal/plan.ts';
import type { DatabasePurpose } from './access-request.ts';
import type { DatabaseRequest } from './database-request.ts';
import { connectArn } from './failure-facts.ts';
import { sessionSettings, startupOptions } from './session-settings.ts';

/** What `forge db token` would do. Pure; throws what it would refuse. */
export function planToken(config: Config, request: DatabaseRequest, purpose: DatabasePurpose): Plan {
  return plan(config, request, purpose, {
    summary: `Print an auth token for ${request.user} on ${request.name}.`,
    steps: [{ kind: 'local', what: `sign the token (15 minutes) for ${endpointWords(request)}` }],
    equivalents: [tokenLine(request)],
  });
}

/** What connecting, and then `client`, would do. Pure; throws what it would refuse. */
export function planConnect(
  config: Config,
  request: DatabaseRequest,
  purpose: DatabasePurpose,
  client: string,
): Plan {
  const { user, database, name, readOnly, production, write } = request;
  const mode = readOnly ? 'read-only' : 'read-write';
  const options = startupOptions(sessionSettings(request));
  const local = (what: string): PlanStep => ({ kind: 'local', what });
  return plan(config, request, purpose, {
    summary: `Connect to ${name}: database ${database} as ${user}, ${mode}.`,
    steps: [
      ...(production
        ? [
            local(
              'open a proxy on this machine that alone leads there: each statement is recorded before it is sent',
            ),
          ]
        : []),
      local(`sign a token (15 minutes) for ${endpointWords(request)}; no AWS call`),
      ...routeSteps(request),
      {
        kind: 'aws',
        call: 'PostgreSQL login',
        action: 'rds-db:connect',
        resource: connectArn({ ...request, account: request.environment?.account, resourceId: undefined }),
        why: 'RDS checks the token, and that its signer may be this user',
      },
      local(
        'ask the server which database, role and mode this is, and refuse if it is not the one that is meant',
      ),
      ...(production && readOnly
        ? [local('try to write over a connection of its own, and refuse if that works')]
        : []),
      ...(production && write
        ? [local(`ask for the name of the target to be typed, or take --confirm ${name}`)]
        : []),
      local(client),
    ],
    equivalents: [
      `export PGPASSWORD="$(${tokenLine(request)})"`,
      ...(options === '' ? [] : [`export PGOPTIONS='${options}'`]),
      psqlLine(request),
    ],
  });
}

function plan(
  config: Config,
  request: DatabaseRequest,
  { purpose, reason, profile }: DatabasePurpose,
  then: Plan,
): Plan {
  const question: AccessQuestion = { config, environment: request.environment, purpose, reason };
  const refused = refusal(question);
  if (refused !== undefined) throw refused;
  const credentials = planCredentials({ ...request, config, profile });
  const located = locateStep(request);
  return {
    summary: then.summary,
    steps: [
      ...credentials.steps,
      { kind: 'local', what: 'write the opening record to the journal' },
      ...(located === undefined ? [] : [located.step]),
      ...then.steps,
    ],
    equivalents: [
      ...credentials.equivalents,
      ...(located === undefined ? [] : [located.line]),
      ...then.equivalents,
    ],
  };
}

/** How the endpoint is reached; what a tunnel would call only where one may be opened. */
function routeSteps(request: DatabaseRequest): PlanStep[] {
  const { via, bastion, address, region, environment } = request;
  const trust = trustWords(request);
  const open = `open TCP and TLS${address === undefined ? '' : ` to ${address}`}, ${trust}`;
  if (via === 'direct') return [{ kind: 'local', what: open }];
  const instance = bastion ?? 'bastion';
  const resource = `arn:aws:ec2:${region}:${environment?.account ?? '*'}:instance/* and ${tunnelDocument(environment)}`;
  const when = via === 'tunnel' ? '' : 'only when the endpoint does not answer directly: ';
  const steps: PlanStep[] = [
    {
      kind: 'aws',
      call: 'ssm StartSession',
      action: 'ssm:StartSession',
      resource,
      why: `${when}a tunnel through ${instance}`,
    },
  ];
  const through: PlanStep = {
    kind: 'local',
    what: `TLS through the tunnel to the endpoint's own name, ${trust}`,
  };
  return via === 'tunnel' ? [...steps, through] : [{ kind: 'local', what: open }, ...steps];
}

function locateStep({ locator, region, endpoint, environment }: DatabaseRequest) {
  if (locator.kind === 'endpoint') return undefined;
  const cluster = locator.kind === 'cluster';
  const account = environment?.account ?? '*';
  const step: PlanStep = {
    kind: 'aws',
    call: cluster ? 'rds DescribeDBClusters' : 'rds DescribeDBInstances',
    action: cluster ? 'rds:DescribeDBClusters' : 'rds:DescribeDBInstances',
    resource: `arn:aws:rds:${region}:${account}:${cluster ? 'cluster' : 'db'}:${locator.identifier}`,
    why: cluster ? `the ${endpoint} endpoint and its port` : 'the endpoint and its port',
  };
  const what = cluster
    ? `describe-db-clusters --db-cluster-identifier ${locator.identifier}`
    : `describe-db-instances --db-instance-identifier ${locator.identifier}`;
  return { step, line: `aws rds ${what} --region ${region}` };
}

function hostWords({ locator, endpoint }: DatabaseRequest): string {
  if (locator.kind === 'endpoint') return locator.host;
  return locator.kind === 'cluster'
    ? `<${endpoint} endpoint of ${locator.identifier}>`
    : `<endpoint of ${locator.identifier}>`;
}

function portWords({ locator, port }: DatabaseRequest): string {
  return port === undefined ? (locator.kind === 'endpoint' ? '5432' : '<port>') : String(port);
}

function endpointWords(request: DatabaseRequest): string {
  return `${hostWords(request)}:${portWords(request)} as ${request.user} in ${request.region}`;
}

function tokenLine(request: DatabaseRequest): string {
  return `aws rds generate-db-auth-token --hostname ${hostWords(request)} --port ${portWords(request)} --username ${request.user} --region ${request.region}`;
}

function trustWords({ ca, region }: DatabaseRequest): string {
  return ca === undefined
    ? `believing only the authorities of RDS in ${region}`
    : `believing only the authorities in ${ca}`;
}

function psqlLine(request: DatabaseRequest): string {
  const { address, ca, user, database, region } = request;
  const parts = [
    `host=${hostWords(request)}`,
    ...(address === undefined ? [] : [`hostaddr=${address}`]),
    `port=${portWords(request)}`,
    `dbname=${database}`,
    `user=${user}`,
    'sslmode=verify-full',
    `sslrootcert=${ca ?? `${region}-bundle.pem`}`,
  ];
  return `psql "${parts.join(' ')}"`;
}
