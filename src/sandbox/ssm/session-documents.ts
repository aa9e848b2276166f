import { AwsFailure } from '../aws/aws-failure.ts';
import type { StoredDocument } from './own-documents.ts';

export type SessionType = 'Standard_Stream' | 'InteractiveCommands' | 'NonInteractiveCommands' | 'Port';

/** What a document and its parameters come to on the instance. */
export interface SessionPlan {
  readonly type: SessionType;
  /** Of port sessions, all texts, as the handshake states them; empty for others. */
  readonly properties: Readonly<Record<string, string>>;
  /** Of command sessions. */
  readonly command: string;
  /** Output and errors apart, and the exit code. */
  readonly separateOutput: boolean;
  /** The document's own, in place of the account's. */
  readonly limits?: { readonly idleMinutes: number; readonly maxMinutes: number };
}

/** Documents that an account has beside AWS's. */
export type OwnDocuments = Readonly<Record<string, StoredDocument>>;

interface Parameter {
  readonly default?: string;
  readonly pattern?: RegExp;
}

interface SessionDocument {
  readonly parameters: Readonly<Record<string, Parameter>>;
  plan(values: Readonly<Record<string, string>>): SessionPlan;
}

export const defaultDocument = 'SSM-SessionManagerRunShell';

const port: RegExp = /^([1-9]|[1-9]\d{1,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/;
const portOrAny: RegExp = /^(0|[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/;
const plain = { properties: {}, command: '', separateOutput: false } as const;
const forwarding = (properties: Readonly<Record<string, string>>): SessionPlan => ({
  ...plain,
  type: 'Port',
  properties: { ...properties, type: 'LocalPortForwarding' },
});

/** AWS's session documents, with the parameters and patterns that they publish. */
const documents: Readonly<Record<string, SessionDocument>> = {
  [defaultDocument]: { parameters: {}, plan: () => ({ ...plain, type: 'Standard_Stream' }) },
  'AWS-StartInteractiveCommand': {
    parameters: { command: {} },
    plan: ({ command = '' }) => ({ ...plain, type: 'InteractiveCommands', command }),
  },
  'AWS-StartNonInteractiveCommand': {
    parameters: { command: {}, separateOutputStream: { default: 'true', pattern: /^(true|false)$/i } },
    plan: ({ command = '', separateOutputStream = '' }) => ({
      ...plain,
      type: 'NonInteractiveCommands',
      command,
      separateOutput: separateOutputStream.toLowerCase() === 'true',
    }),
  },
  'AWS-StartPortForwardingSession': {
    parameters: {
      portNumber: { default: '80', pattern: port },
      localPortNumber: { default: '0', pattern: portOrAny },
    },
    plan: ({ portNumber = '', localPortNumber = '' }) => forwarding({ portNumber, localPortNumber }),
  },
  'AWS-StartPortForwardingSessionToRemoteHost': {
    parameters: {
      host: { pattern: /^[^,$^&()!;'"<>`{}[\]|#=]{3,}$/ },
      portNumber: { default: '80', pattern: port },
      localPortNumber: { default: '0', pattern: portOrAny },
    },
    plan: ({ host = '', portNumber = '', localPortNumber = '' }) =>
      forwarding({ host, portNumber, localPortNumber }),
  },
  'AWS-StartSSHSession': {
    parameters: { portNumber: { default: '22', pattern: port } },
    plan: ({ portNumber = '' }) => ({ ...plain, type: 'Port', properties: { portNumber } }),
  },
};

/** AWS's own, in every region; the account's own default is there only where somebody has set preferences. */
export const isPublished = (name: string): boolean =>
  name !== defaultDocument && Object.hasOwn(documents, name);

/** @throws AwsFailure InvalidDocument, InvalidParameters. */
export function planSession(
  name: string,
  parameters: ReadonlyMap<string, readonly string[]>,
  own: OwnDocuments = {},
): SessionPlan {
  const stored = Object.hasOwn(own, name) ? own[name] : undefined;
  const known = Object.hasOwn(documents, name) ? documents[name] : undefined;
  const document = stored === undefined ? known : readStored(stored);
  if (document === undefined) {
    throw new AwsFailure('InvalidDocument', 400, `Document with name ${name} does not exist.`);
  }
  for (const given of parameters.keys()) {
    if (!Object.hasOwn(document.parameters, given)) {
      throw invalidParameters(`Parameter "${given}" is not defined in the document ${name}.`);
    }
  }
  const values: Record<string, string> = {};
  for (const [parameter, rule] of Object.entries(document.parameters)) {
    const list = parameters.get(parameter);
    if (list !== undefined && list.length !== 1) {
      throw invalidParameters(`Parameter "${parameter}" must have one value.`);
    }
    const value = list?.[0] ?? rule.default;
    if (value === undefined || value === '') {
      throw invalidParameters(`Parameter "${parameter}" requires a value.`);
    }
    if (rule.pattern !== undefined && !rule.pattern.test(value)) {
      throw invalidParameters(`Parameter "${parameter}" value ${value} does not match its allowed pattern.`);
    }
    values[parameter] = value;
  }
  return document.plan(values);
}

/** As the service and the agent read one: its parameters stand in its properties, here of Linux. */
function readStored({ sessionType, parameters = {}, properties, inputs }: StoredDocument): SessionDocument {
  const rules = Object.entries(parameters).map(([name, { default: standard, allowedPattern }]) => {
    const rule: Parameter = {
      ...(standard === undefined ? {} : { default: standard }),
      ...(allowedPattern === undefined ? {} : { pattern: new RegExp(allowedPattern) }),
    };
    return [name, rule] as const;
  });
  const limits = inputs && {
    idleMinutes: Number(inputs.idleSessionTimeout),
    maxMinutes: Number(inputs.maxSessionDuration),
  };
  return {
    parameters: Object.fromEntries(rules),
    plan(values) {
      const fill = (text = '') => text.replace(/\{\{ *(\w+) *\}\}/g, (_, name: string) => values[name] ?? '');
      const common = { ...plain, type: sessionType, ...(limits === undefined ? {} : { limits }) };
      const { linux, ...port } = properties ?? {};
      if (sessionType === 'Port') {
        const filled = Object.entries(port).map(([name, text]) => [name, fill(text)] as const);
        return { ...common, properties: Object.fromEntries(filled) };
      }
      return {
        ...common,
        command: fill(linux?.commands),
        separateOutput: fill(linux?.separateOutputStream) === 'true',
      };
    },
  };
}

/** AWS's own documents belong to no account. */
export function documentArn(name: string, account: string, region: string): string {
  return `arn:aws:ssm:${region}:${name.startsWith('AWS-') ? '' : account}:document/${name}`;
}

export function invalidParameters(message: string): AwsFailure {
  return new AwsFailure('InvalidParameters', 400, message);
}
