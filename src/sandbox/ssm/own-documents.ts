import connect from '../../../infra/modules/session-manager/documents/connect.json' with { type: 'json' };
import copy from '../../../infra/modules/session-manager/documents/copy.json' with { type: 'json' };
import run from '../../../infra/modules/session-manager/documents/run.json' with { type: 'json' };
import endpointTunnel from '../../../infra/modules/session-manager/endpoint-tunnel.json' with {
  type: 'json',
};
import common from '../../../infra/modules/session-manager/inputs.json' with { type: 'json' };
import { region as home, productionAccounts } from '../seed-accounts.ts';
import type { OwnDocuments, SessionType } from './session-documents.ts';

/** The session document as SSM keeps it. https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-schema.html */
export interface StoredDocument {
  readonly schemaVersion: string;
  readonly description: string;
  readonly sessionType: SessionType;
  readonly parameters?: Readonly<
    Record<string, { readonly type: string; readonly default?: string; readonly allowedPattern?: string }>
  >;
  /** Of commands by platform; of ports what leads where. */
  readonly properties?: {
    readonly linux?: { readonly commands: string; readonly separateOutputStream?: string };
    readonly type?: string;
    readonly host?: string;
    readonly portNumber?: string;
    readonly localPortNumber?: string;
  };
  /** Undefined: the account's preferences. */
  readonly inputs?: { readonly idleSessionTimeout: string; readonly maxSessionDuration: string };
  /** Undefined: Active. */
  readonly status?: 'Creating' | 'Updating' | 'Failed';
}

/** What module session-manager fills in for this organisation. */
const inputs = {
  ...common,
  cloudWatchLogGroupName: '/forge/session-manager',
  cloudWatchEncryptionEnabled: false,
  kmsKeyId: '',
  runAsEnabled: false,
  runAsDefaultUser: '',
  idleSessionTimeout: '20',
  maxSessionDuration: '120',
};

/** What forge uses them for → their names. */
export const instanceDocumentNames = {
  connect: 'forge-instance-connect',
  run: 'forge-instance-run',
  copy: 'forge-instance-copy',
} as const;

/** What tunnels to databases and clusters of production begin with. */
export const tunnelDocumentName = 'forge-endpoint-tunnel';

/** Each production account has them, as Terraform makes them there. */
export const sessionDocuments: Readonly<Record<string, StoredDocument>> = {
  [instanceDocumentNames.connect]: stored(connect),
  [instanceDocumentNames.run]: stored(run),
  [instanceDocumentNames.copy]: stored(copy),
  [tunnelDocumentName]: { ...endpointTunnel, sessionType: sessionType(endpointTunnel.sessionType) },
};

/** What Terraform has made in production accounts, in the region of their instances. */
export function ownDocuments(account: string, region: string): OwnDocuments {
  const production = productionAccounts.some(({ id }) => id === account);
  return production && region === home ? sessionDocuments : {};
}

function stored(document: Omit<StoredDocument, 'inputs' | 'sessionType'> & { sessionType: string }) {
  return { ...document, sessionType: sessionType(document.sessionType), inputs };
}

function sessionType(name: string): SessionType {
  if (name === 'Standard_Stream' || name === 'InteractiveCommands') return name;
  if (name === 'NonInteractiveCommands' || name === 'Port') return name;
  throw new Error(`a session document of infra is ${name}`);
}
