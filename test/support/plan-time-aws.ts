import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What is in an account and region, as far as a plan looks: databases, clusters, and the roles that Identity Center made. */
export interface PlanTimeRegion {
  readonly databases?: readonly TaggedDatabase[];
  /** Name → tags. */
  readonly clusters?: Readonly<Record<string, Tags>>;
  /** ARNs of Identity Center's roles. */
  readonly roles?: readonly string[];
}

type Tags = Readonly<Record<string, string>>;
export interface TaggedDatabase {
  readonly identifier: string;
  readonly resourceId: string;
  readonly tags: Tags;
}

export interface PlanTimeAws extends AsyncDisposable {
  /** Where the provider with this alias asks. */
  endpoint(alias: string | undefined): string;
  /** `production_own DescribeDBClusters`, in the order of asking. */
  readonly asked: string[];
}

/** The services that are asked while Terraform plans; a call of another one fails. */
export const planTimeServices = ['eks', 'iam', 'rds', 'sfn'];

/**
 * AWS on loopback, for a plan: the few calls that Terraform makes before anything is made. The keys of a test are worth nothing, so
 * each provider is known by the path that it asks at: `there` is alias → what is there.
 */
export async function startPlanTimeAws(
  there: Readonly<Record<string, PlanTimeRegion>>,
): Promise<PlanTimeAws> {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const [, alias = '', ...segments] = new URL(request.url ?? '/', 'http://aws').pathname.split('/');
    const body = await text(request);
    const call = callOf(request, segments, body);
    asked.push(`${alias} ${call}`);
    const answer = answerTo(call, new URLSearchParams(body), segments, there[alias] ?? {});
    response.statusCode = answer === undefined ? 501 : 200;
    response.setHeader('content-type', answer?.startsWith('<') ? 'text/xml' : 'application/json');
    response.end(answer ?? `nobody answers ${call}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: (alias) => `http://127.0.0.1:${port}/${alias ?? 'default'}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function callOf({ method, headers }: IncomingMessage, segments: readonly string[], body: string): string {
  const target = headers['x-amz-target'];
  if (typeof target === 'string') return target.split('.').at(-1) ?? '';
  return new URLSearchParams(body).get('Action') ?? `${method} /${segments.slice(0, 1).join('/')}`;
}

function answerTo(
  call: string,
  fields: URLSearchParams,
  segments: readonly string[],
  { databases = [], clusters = {}, roles = [] }: PlanTimeRegion,
): string | undefined {
  switch (call) {
    case 'ValidateStateMachineDefinition':
      return '{"result":"OK","diagnostics":[]}';
    case 'DescribeDBInstances':
      return result(call, '<DBInstances/>');
    case 'DescribeDBClusters': {
      const wanted = fields.get('DBClusterIdentifier');
      const found = databases.filter(({ identifier }) => wanted === null || identifier === wanted);
      return result(call, `<DBClusters>${found.map(clusterXml).join('')}</DBClusters>`);
    }
    case 'ListRoles':
      return result(call, `<Roles>${roles.map(roleXml).join('')}</Roles><IsTruncated>false</IsTruncated>`);
    case 'GET /clusters': {
      const name = decodeURIComponent(segments[1] ?? '');
      if (name === '') return JSON.stringify({ clusters: Object.keys(clusters) });
      const tags = clusters[name];
      return tags && JSON.stringify({ cluster: eksCluster(name, tags) });
    }
  }
  return undefined;
}

const result = (call: string, inner: string) =>
  `<${call}Response><${call}Result>${inner}</${call}Result></${call}Response>`;

const clusterXml = ({ identifier, resourceId, tags }: TaggedDatabase) =>
  `<DBCluster><DBClusterIdentifier>${identifier}</DBClusterIdentifier><DbClusterResourceId>${resourceId}</DbClusterResourceId><DBClusterArn>arn:aws:rds:us-east-1:000000000000:cluster:${identifier}</DBClusterArn><TagList>${Object.entries(
    tags,
  )
    .map(([key, value]) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`)
    .join('')}</TagList></DBCluster>`;

const roleXml = (arn: string) =>
  `<member><RoleName>${arn.split('/').at(-1)}</RoleName><Path>/aws-reserved/sso.amazonaws.com/</Path><RoleId>AROAEXAMPLE</RoleId><Arn>${arn}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate></member>`;

const eksCluster = (name: string, tags: Tags) => ({
  name,
  tags,
  arn: `arn:aws:eks:us-east-1:000000000000:cluster/${name}`,
  status: 'ACTIVE',
  version: '1.33',
  createdAt: 1_700_000_000,
  accessConfig: { authenticationMode: 'API' },
});
