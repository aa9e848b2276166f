import { asJsonObject } from '../../lib/json-object.ts';
import { type Caller, inRole } from '../caller.ts';
import { answered, type Check, type Fact, fact, type Judged, stated } from '../check.ts';
import { everyday, granted, isAdministrator, productionRoles } from './cast.ts';
import { aws, awsTunnel, endpointTunnel, namedBy, own, start } from './session-cast.ts';

/** Tunnels through a bastion: they lead to databases and clusters, and never to the keys of the bastion's own role. */
const fix =
  'Take endpoint-tunnel.json and modules/session-manager as forge infra export writes them; outside production bastion-tunnel.json.';

/** What grants for databases lead to. */
const databaseRoles = (judged: Judged): readonly Caller[] =>
  ['readonly-rds-access', 'write-rds-access'].flatMap((name) =>
    productionRoles(judged, name).map((role) => inRole(judged.deployment, role)),
  );

/** Of everyday life in production; not administrators, who may start anything. */
const everydayWithLess = (judged: Judged): readonly Caller[] =>
  judged.intent.production
    .flatMap(({ account }) => everyday(judged, account))
    .filter((caller) => !isAdministrator(caller));

export const tunnels: readonly Check[] = [
  answered(
    'sessions',
    'denied',
    {
      id: 'tunnel.anywhere',
      title:
        'no grant, no role of databases, and nobody of everyday life but administrators tunnels to whatever a bastion reaches',
      why: 'http://169.254.169.254 through it hands out the keys of the bastion’s own role, in nobody’s name.',
      fix,
    },
    (judged) =>
      [...granted(judged), ...databaseRoles(judged), ...everydayWithLess(judged)].map((caller) =>
        start(judged, caller, aws(judged, awsTunnel)),
      ),
  ),
  answered(
    'sessions',
    'allowed',
    {
      id: 'tunnel.opens',
      title: 'roles of databases, and grants that are given tunnels, have them by the account’s own document',
      why: 'Without a VPN nobody would get to a database when it matters.',
      fix,
      mayBeNobody: true,
    },
    (judged) =>
      [
        ...databaseRoles(judged),
        ...granted(judged).filter((caller) => namedBy(caller).includes(endpointTunnel)),
      ].map((caller) => start(judged, caller, own(judged, caller.account, endpointTunnel))),
  ),
  stated(
    'sessions',
    {
      id: 'tunnel.document',
      title: 'that document is there in each production account, and takes endpoints of RDS and EKS alone',
      why: 'A pattern that lets 169.254.169.254 through is a way to the bastion’s keys; a missing document is no way at all.',
      fix: 'Take modules/session-manager as forge infra export writes it, in each production account.',
    },
    (judged) => judged.intent.production.map(({ account }) => documentFact(judged, account)),
  ),
];

const whole = 'a port of endpoints of RDS and EKS';

function documentFact({ deployment, intent }: Judged, account: string): Fact {
  const found = deployment.sessionDocuments.find(
    (one) => one.account === account && one.name === endpointTunnel,
  );
  const text =
    found === undefined
      ? 'missing'
      : found.content === undefined
        ? undefined
        : tunnelText(found.content, intent.region);
  return fact(endpointTunnel, account, whole, text, text === whole);
}

/** What of a document is not as it must be; `whole`: nothing. */
function tunnelText(content: Readonly<Record<string, unknown>>, region: string): string {
  const { type, host, portNumber } = asJsonObject(content.properties) ?? {};
  if (content.sessionType !== 'Port' || type !== 'LocalPortForwarding') return 'no port to another host';
  if (!isParameter(host, 'host') || !isParameter(portNumber, 'portNumber')) {
    return 'leads to what it says itself';
  }
  const parameter = asJsonObject(asJsonObject(content.parameters)?.host);
  if (parameter?.default !== undefined) return 'has a host of its own';
  const pattern = regularExpression(parameter?.allowedPattern);
  if (pattern === undefined) return 'takes any host';
  const elsewhere = otherHosts(region).find((one) => pattern.test(one));
  if (elsewhere !== undefined) return `takes ${JSON.stringify(elsewhere)}`;
  const refused = endpoints(region).find((one) => !pattern.test(one));
  return refused === undefined ? whole : `refuses ${refused}`;
}

const isParameter = (text: unknown, name: string): boolean =>
  typeof text === 'string' && text.replaceAll(' ', '') === `{{${name}}}`;

function regularExpression(pattern: unknown): RegExp | undefined {
  if (typeof pattern !== 'string') return undefined;
  try {
    return new RegExp(pattern);
  } catch {
    return undefined;
  }
}

const endpoints = (region: string): readonly string[] => [
  `shop.cluster-c9abc.${region}.rds.amazonaws.com`,
  `shop-1.c9abc.${region}.rds.amazonaws.com`,
  `0123456789ABCDEF0123456789ABCDEF.gr7.${region}.eks.amazonaws.com`,
];

/** The bastion itself, its metadata by each way to write it, its network, and names that only look right. */
const otherHosts = (region: string): readonly string[] => [
  '169.254.169.254',
  '2852039166',
  '0xa9fea9fe',
  '[fd00:ec2::254]',
  'fd00:ec2::254',
  'instance-data.ec2.internal',
  'localhost',
  '127.0.0.1',
  '10.0.0.1',
  'search.internal',
  'example.org',
  `shop.c9abc.${region}.rds.amazonaws.com.example.org`,
  `0123456789ABCDEF0123456789ABCDEF.gr7.${region}.eks.amazonaws.com.example.org`,
  `shop.c9abc.${region}.evilrds.amazonaws.com`,
  `shop.c9abc.${region}.rds.evilamazonaws.com`,
  `shop.c9abc.${region}.rdsxamazonaws.com`,
  `shop.c9abc.${region}.rds.amazonawsxcom`,
  `169.254.169.254/.${region}.rds.amazonaws.com`,
  `169.254.169.254#.${region}.rds.amazonaws.com`,
  `169.254.169.254\n.${region}.rds.amazonaws.com`,
  `${region}.compute.amazonaws.com`,
];
