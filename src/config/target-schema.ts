import * as v from 'valibot';
import { isForward, mostStreams } from './forward-spec.ts';
import {
  account,
  described,
  description,
  duration,
  list,
  mapOf,
  maskedColumns,
  name,
  oneOf,
  permissionSet,
  region,
  role,
  sessionDocument,
  text,
} from './schema-parts.ts';

/** The `environments` part of forge.yaml, as it stands in the file. */
const privateAddress = (() => {
  const octet = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)';
  const second = '172\\.(?:1[6-9]|2\\d|3[01])|192\\.168|100\\.(?:6[4-9]|[7-9]\\d|1[01]\\d|12[0-7])';
  const four = `(?:127|10)(?:\\.${octet}){3}|(?:${second})(?:\\.${octet}){2}`;
  return new RegExp(`^(?:${four}|::1|[fF][cCdD][0-9a-fA-F]{2}(?::[0-9a-fA-F]{0,4}){2,7})$`);
})();
const tagKey = text('the key of a tag', /^[^\x00-\x1f\x7f-\x9f]{1,128}$/);
const roleDuration = duration('a duration from 15m to 12h, e.g. 1h', 900, 43_200);

const assumeOptions = {
  external_id: v.optional(
    described(
      'ExternalId that the role demands.',
      text('2 to 1224 letters, digits and +=,.@:/_-', /^[\w+=,.@:/-]{2,1224}$/),
    ),
  ),
  mfa_serial: v.optional(
    described(
      'The MFA device whose code the role demands (a person’s own: belongs in the person’s file).',
      text('an MFA device: its ARN or serial number', /^[\w+=/:,.@-]{9,256}$/),
    ),
  ),
  duration: v.optional(
    described('How long its credentials last. From Identity Center, AWS allows 1h at most.', roleDuration),
  ),
};

const roleStep = v.strictObject(
  { role: described('The role to assume.', role), ...assumeOptions },
  'a role or a mapping',
);

const user = text('a PostgreSQL user (at most 63 characters)', /^[^\x00-\x1f\x7f-\x9f]{1,63}$/);
const host = text(
  'a host name',
  /^(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/,
);
const rdsIdentifier = text('an RDS identifier (letters, digits and hyphens)', /^[A-Za-z][A-Za-z0-9-]{0,62}$/);

const authorityFile = text('the path of a PEM file', /^[^\x00-\x1f\x7f-\x9f]+$/);

const database = v.strictObject(
  {
    description: v.optional(description),
    cluster: v.optional(described('Identifier of an Aurora or Multi-AZ cluster.', rdsIdentifier)),
    instance: v.optional(described('Identifier of an RDS instance.', rdsIdentifier)),
    endpoint: v.optional(described('Host name, instead of asking RDS for it.', host)),
    endpoint_type: v.optional(
      described(
        'Which endpoint of the cluster; --write always uses the writer. Default: writer.',
        oneOf(['writer', 'reader']),
      ),
    ),
    port: v.optional(
      described(
        'Default: what RDS says, else 5432.',
        v.pipe(
          v.number('a port from 1 to 65535'),
          v.integer('a port from 1 to 65535'),
          v.minValue(1, 'a port from 1 to 65535'),
          v.maxValue(65_535, 'a port from 1 to 65535'),
        ),
      ),
    ),
    database: described(
      'Name of the database in the server.',
      text('the name of a database (at most 63 characters)', /^[^\x00-\x1f\x7f-\x9f]{1,63}$/),
    ),
    user: described('Database user, granted rds_iam.', user),
    role: v.optional(
      described('Role assumed for this database on top of the environment’s credentials.', role),
    ),
    ...assumeOptions,
    write: v.optional(
      described(
        'Who --write becomes. Without it, --write is the same user and role.',
        v.strictObject(
          {
            user: described('Database user that may write.', user),
            role: v.optional(described('Role assumed to write. Without it: the database’s own role.', role)),
            ...assumeOptions,
          },
          'a mapping',
        ),
      ),
    ),
    change: v.optional(
      described(
        'Who a change under four eyes is run as (forge db run). Without it: as --write.',
        v.strictObject(
          {
            user: described(
              'Database user that changes are run as, and that has no more than they need.',
              user,
            ),
            role: v.optional(described('Role assumed for it. Without it: the role that writes.', role)),
            ...assumeOptions,
          },
          'a mapping',
        ),
      ),
    ),
    address: v.optional(
      described(
        'IP address to connect to instead of the endpoint’s own; loopback or private. TLS and token keep the real name.',
        text(
          'an IP address of this machine or a private network (127.0.0.1, 10.…, 192.168.…)',
          privateAddress,
        ),
      ),
    ),
    ca: v.optional(
      described(
        'PEM file of the authorities to trust, instead of those of RDS. Relative to this file.',
        authorityFile,
      ),
    ),
    mask: v.optional(
      described(
        'Columns whose values are not written into the record of statements, besides those of audit.mask.',
        maskedColumns,
      ),
    ),
  },
  'a mapping',
);

const instance = v.strictObject(
  {
    description: v.optional(description),
    id: v.optional(
      described(
        'Id of the instance.',
        text('an instance id such as i-0123456789abcdef0', /^m?i-[0-9a-f]{8,17}$/),
      ),
    ),
    tags: v.optional(
      described('Tags that only this instance carries, in place of its id.', mapOf(v.string('text'), tagKey)),
    ),
    document: v.optional(
      described(
        'Session document. Default: the account’s own.',
        text('the name of a session document', /^[A-Za-z0-9_.:/-]{3,200}$/),
      ),
    ),
    role: v.optional(described('Role assumed for this instance.', role)),
    ...assumeOptions,
  },
  'a mapping',
);

const forward = 'a forward: [local:][host:]port, such as 5432, 9200:9100 or db.internal:5432';
const forwardGroup = v.strictObject(
  {
    description: v.optional(description),
    instance: described(
      'The instance that they go through, as forge ssm forward takes it: a name of "instances", an id, a Name tag, tag:key=value.',
      text('an instance: its name here, an id, a Name tag', /^[^\x00-\x1f\x7f-\x9f]{1,256}$/),
    ),
    ports: v.optional(
      described(
        'What is forwarded: [local:][host:]port, as forge ssm forward takes it.',
        list(
          v.pipe(
            v.union([v.string(forward), v.number(forward)], forward),
            v.check((value) => isForward(String(value)), forward),
          ),
        ),
      ),
    ),
    socks: v.optional(
      described(
        'Port of a SOCKS5 proxy on this machine.',
        v.pipe(
          v.number('a port from 1 to 65535'),
          v.integer('a port from 1 to 65535'),
          v.minValue(1, 'a port from 1 to 65535'),
          v.maxValue(65_535, 'a port from 1 to 65535'),
        ),
      ),
    ),
    streams: v.optional(
      described(
        'Sessions to spread connections over. Default: 1.',
        v.pipe(
          v.number('a number from 1 to 16'),
          v.integer('a number from 1 to 16'),
          v.minValue(1, 'a number from 1 to 16'),
          v.maxValue(mostStreams, 'a number from 1 to 16'),
        ),
      ),
    ),
  },
  'a mapping',
);

const cluster = v.strictObject(
  {
    description: v.optional(description),
    cluster: described(
      'Name of the EKS cluster.',
      text('the name of an EKS cluster', /^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/),
    ),
    namespace: v.optional(
      described('Default namespace.', text('a Kubernetes namespace', /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)),
    ),
    endpoint: v.optional(
      described(
        'Address of its API, instead of asking EKS; "ca" goes with it.',
        text('an https address without a path', /^https:\/\/[A-Za-z0-9.-]+(:\d{1,5})?\/?$/),
      ),
    ),
    ca: v.optional(
      described('PEM file of the authority of "endpoint". Relative to this file.', authorityFile),
    ),
    role: v.optional(described('Role assumed for this cluster.', role)),
    ...assumeOptions,
  },
  'a mapping',
);

export const environment = v.strictObject(
  {
    description: v.optional(description),
    account: described('AWS account: 12 digits, in quotes.', account),
    region: described('Region of its databases, instances and clusters.', region),
    production: v.optional(
      described(
        'true: read-only by default, audited, nothing cached. Default: false.',
        v.boolean('true or false'),
      ),
    ),
    permission_set: v.optional(
      described(
        'Permission set that forge uses. None in production: nobody has standing access.',
        permissionSet,
      ),
    ),
    groups: v.optional(
      described('Groups that hold it. Default: those under groups that say so.', list(name)),
    ),
    role_chain: v.optional(
      described(
        'Roles assumed one after the other on top of the permission set.',
        list(v.union([role, roleStep])),
      ),
    ),
    default_database: v.optional(described('The database that the environment’s name alone means.', name)),
    databases: v.optional(described('Name → database.', mapOf(database))),
    instances: v.optional(described('Name → EC2 instance.', mapOf(instance))),
    forwards: v.optional(
      described('Name → group of ports that forge ssm forward opens by that name.', mapOf(forwardGroup)),
    ),
    max_session: v.optional(
      described(
        'The longest that a session on an instance may last.',
        duration('a time such as 2h, from 1m to 24h', 60, 86_400),
      ),
    ),
    tunnel_document: v.optional(
      described(
        'Session document that tunnels to databases and clusters begin with. Default: AWS’s own, which leads anywhere.',
        sessionDocument,
      ),
    ),
    default_cluster: v.optional(
      described('The Kubernetes cluster that the environment’s name alone means.', name),
    ),
    clusters: v.optional(described('Name → EKS cluster.', mapOf(cluster))),
  },
  'a mapping',
);

export type EnvironmentFile = v.InferOutput<typeof environment>;
export type DatabaseFile = v.InferOutput<typeof database>;
export type InstanceFile = v.InferOutput<typeof instance>;
export type ForwardGroupFile = v.InferOutput<typeof forwardGroup>;
export type ClusterFile = v.InferOutput<typeof cluster>;
export type RoleFile = v.InferOutput<typeof role> | v.InferOutput<typeof roleStep>;
