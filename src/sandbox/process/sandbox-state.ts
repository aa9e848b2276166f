import { join } from 'node:path';
import { readOwnFile } from '../../files/read-own-file.ts';
import { replaceFile } from '../../files/replace-file.ts';
import type { Host } from '../../host.ts';
import { parseJsonObject } from '../../lib/json-object.ts';

/** sandbox.json: how to reach a running sandbox. It holds secrets of the sandbox, so the file is 0600. */
export interface SandboxState {
  readonly pid: number;
  readonly folder: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** The AWS endpoint, for AWS_ENDPOINT_URL. */
  readonly url: string;
  /** For /_sandbox on the AWS endpoint and for the control port. */
  readonly adminToken: string;
  readonly controlPort: number;
  /** PEM file of the authority that signed the databases' certificates. */
  readonly authority: string;
  /** forge.yaml of the sandbox. */
  readonly config: string;
  readonly log: string;
  readonly people: readonly SandboxPerson[];
  readonly databases: readonly SandboxDatabase[];
  readonly clusters: readonly SandboxCluster[];
  readonly offline: SandboxOfflineUser;
}

export interface SandboxPerson {
  readonly nickname: string;
  readonly userName: string;
  readonly displayName: string;
  readonly title: string;
  readonly groups: readonly string[];
  /** HOME of this person in the sandbox. */
  readonly home: string;
}

export interface SandboxDatabase {
  /** As forge names it: dev/shop. */
  readonly target: string;
  readonly endpoint: string;
  readonly readerEndpoint: string;
  readonly port: number;
  readonly database: string;
  readonly users: readonly string[];
}

export interface SandboxCluster {
  /** As forge names it: dev/eks. */
  readonly target: string;
  /** Its name in EKS. */
  readonly cluster: string;
  /** `https://…` */
  readonly endpoint: string;
  /** False: through Session Manager only. */
  readonly publicAccess: boolean;
}

/** An IAM user with MFA, to rehearse on: offline-profile.ts. */
export interface SandboxOfflineUser {
  readonly arn: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly mfaSerial: string;
  /** Base32 seed of the MFA device. */
  readonly mfaSecret: string;
  /** Nickname of the person in whose ~/.aws the profile is. */
  readonly keeper: string;
  readonly profile: string;
  /** What the profile assumes. */
  readonly roleArn: string;
}

const fileName = 'sandbox.json';

export async function saveSandboxState(state: SandboxState): Promise<void> {
  await replaceFile(join(state.folder, fileName), `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
}

/** What ending a sandbox takes, of whichever version of forge it is. */
export type SandboxControl = Pick<SandboxState, 'pid' | 'folder' | 'controlPort' | 'adminToken'>;

/**
 * Undefined when there is none, or one that this version can't read. Another user's counts as none: it says where
 * one signs in and which folder of programs comes first in PATH.
 */
export async function readSandboxState(
  host: Pick<Host, 'platform' | 'userId'>,
  folder: string,
): Promise<SandboxState | undefined> {
  const state = await readState(host, folder);
  const usable =
    isControl(state) &&
    typeof state.url === 'string' &&
    Array.isArray(state.people) &&
    Array.isArray(state.databases) &&
    Array.isArray(state.clusters) &&
    typeof state.offline?.mfaSecret === 'string';
  return usable ? (state as SandboxState) : undefined;
}

/** As `readSandboxState`, also of one that another version of forge wrote. */
export async function readSandboxControl(
  host: Pick<Host, 'platform' | 'userId'>,
  folder: string,
): Promise<SandboxControl | undefined> {
  const state = await readState(host, folder);
  // The folder that is looked into, not one that the file names: it is what will be gone.
  return isControl(state) ? { ...state, folder } : undefined;
}

async function readState(
  host: Pick<Host, 'platform' | 'userId'>,
  folder: string,
): Promise<Partial<SandboxState>> {
  const text = await readOwnFile(host, join(folder, fileName)).catch(() => undefined);
  return (text === undefined ? undefined : parseJsonObject(text)) ?? {};
}

const isControl = (
  state: Partial<SandboxState>,
): state is Partial<SandboxState> & Omit<SandboxControl, 'folder'> =>
  typeof state.pid === 'number' &&
  typeof state.controlPort === 'number' &&
  typeof state.adminToken === 'string';
