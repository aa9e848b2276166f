import type { Access, AccessParts } from '../access/with-access.ts';
import { awsErrorName } from '../aws/aws-error.ts';
import { ForgeError } from '../errors.ts';
import type { DataChannel } from './data-channel.ts';
import { offlineById } from './explain-offline.ts';
import type { LocatedInstance } from './locate-instance.ts';
import { startSession } from './start-session.ts';

export interface SessionDocument {
  readonly name: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
}

/** A session with a shell; `document` undefined: the account's own. Throws what openSession throws. */
export function openTerminalSession(
  parts: AccessParts,
  access: Access,
  instance: LocatedInstance,
  document: string | undefined,
): Promise<DataChannel> {
  return openSession(
    parts,
    access,
    instance,
    document === undefined ? undefined : { name: document, parameters: {} },
  );
}

/** Throws unreachable INSTANCE_OFFLINE; failed NOT_A_TERMINAL when the document opens a port. */
export async function openSession(
  parts: AccessParts,
  access: Access,
  instance: LocatedInstance,
  document: SessionDocument | undefined,
): Promise<DataChannel> {
  using _progress = parts.output.progress(`opening a session on ${instance.label}`);
  const channel = await start();
  if (channel.sessionType !== 'Port') return channel;
  await channel[Symbol.asyncDispose]();
  throw new ForgeError('failed', `The document ${document?.name ?? ''} opens a port, not a shell.`, {
    code: 'NOT_A_TERMINAL',
    hint: 'For ports: forge ssm forward',
  });

  async function start(): Promise<DataChannel> {
    try {
      return await startSession(parts, access, {
        target: instance.instanceId,
        documentName: document?.name,
        parameters: document?.parameters,
        reason: access.reason,
      });
    } catch (error) {
      if (awsErrorName(error) === 'TargetNotConnected') throw offlineById(instance.label, error);
      if (awsErrorName(error) === 'InvalidDocument' && document !== undefined) {
        throw unknownDocument(document.name, access.region, error);
      }
      throw error;
    }
  }
}

function unknownDocument(name: string, region: string, cause: unknown): ForgeError {
  return new ForgeError('usage', `There is no session document ${JSON.stringify(name)} in ${region}.`, {
    code: 'UNKNOWN_DOCUMENT',
    hint: `Those of the account: aws ssm list-documents --filters Key=DocumentType,Values=Session --region ${region}`,
    cause,
  });
}
