import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import type { Access, AccessParts } from '../access/with-access.ts';
import { awsErrorName } from '../aws/aws-error.ts';
import { terminateSession } from '../aws/ssm.ts';
import { ForgeError } from '../errors.ts';
import type { HostSpawnOptions } from '../host.ts';
import { childEnvironment } from '../identity/aws-variables.ts';
import { signingKeys } from '../identity/role-credentials.ts';
import { offlineById } from './explain-offline.ts';
import type { LocatedInstance } from './locate-instance.ts';
import { startOrTerminate } from './start-or-terminate.ts';
import { awsRequest, type SessionRequest, uninterrupted } from './start-session.ts';
import { within } from './within.ts';

/** A session that AWS's own plugin carries, as a process of its own. Disposing ends both. */
export interface PluginSession extends AsyncDisposable {
  readonly sessionId: string;
  readonly child: ChildProcess;
  /** Its exit code, 128 + n when signal n ended it. Never rejects. */
  readonly ended: Promise<number>;
}

export interface PluginOrder {
  /** Path of the plugin. */
  readonly program: string;
  readonly instance: LocatedInstance;
  readonly document: Pick<SessionRequest, 'documentName' | 'parameters'>;
  readonly stdio: HostSpawnOptions['stdio'];
}

/** The plugin reads the reply from a variable whose name begins so, and takes it out of its environment. */
const replyVariable = 'AWS_SSM_START_SESSION_RESPONSE';
const leaveMs = 3_000;

/**
 * ssm:StartSession, and the plugin on it as `aws ssm start-session` runs it. The token is in the plugin's environment
 * and nowhere else, and so are the keys, with which it resumes the session: they are what it was started with, and
 * don't renew. Throws what AWS refuses with, unreachable INSTANCE_OFFLINE, failed PLUGIN_FAILED.
 */
export async function startPluginSession(
  parts: AccessParts,
  access: Access,
  { program, instance, document, stdio }: PluginOrder,
): Promise<PluginSession> {
  const { host } = parts;
  const { region, credentials } = access;
  const aws = await parts.aws();
  const request = { ...document, target: instance.instanceId, reason: access.reason };
  const session = await startOrTerminate(
    aws,
    region,
    signingKeys(credentials),
    awsRequest(parts.config, access, request),
  ).catch((error) => {
    throw awsErrorName(error) === 'TargetNotConnected' ? offlineById(instance.label, error) : error;
  });
  const { sessionId } = session;
  const reply = {
    SessionId: sessionId,
    StreamUrl: session.streamUrl.reveal(),
    TokenValue: session.tokenValue.reveal(),
  };
  const terminate = () =>
    terminateSession(uninterrupted(aws), region, signingKeys(credentials), sessionId).catch((error) =>
      parts.output.debug(`failed to end session ${sessionId}: ${error}`),
    );
  let child: ChildProcess;
  let ended: Promise<number>;
  try {
    // Ctrl-C in between would leave a session that nobody knows.
    host.signal.throwIfAborted();
    const environment = access.target.environment?.name;
    const {
      // It would listen elsewhere than on loopback.
      SSM_PLUGIN_LOCAL_HOST: _,
      ...env
    } = childEnvironment(host.env, { credentials, region, environment });
    // What it was asked for the plugin does not need, but for the target; a command may be nobody else's business.
    const asked = JSON.stringify({ Target: instance.instanceId });
    child = host.spawn(
      program,
      [replyVariable, region, 'StartSession', '', asked, aws.endpointFor('ssm', region)],
      { env: { ...env, [replyVariable]: JSON.stringify(reply) }, stdio },
    );
    ended = new Promise((resolve) => {
      child.once('close', (code, name) =>
        resolve(code ?? 128 + (name === null ? 0 : constants.signals[name])),
      );
    });
    await started(child, program);
  } catch (error) {
    await terminate();
    throw error;
  }
  return {
    sessionId,
    child,
    ended,
    async [Symbol.asyncDispose]() {
      // The service tells the plugin, which then leaves the terminal as it was.
      await terminate();
      for (const name of ['SIGTERM', 'SIGKILL'] as const) {
        if ((await within(leaveMs, ended)) !== undefined) return;
        child.kill(name);
      }
      await ended;
    },
  };
}

function started(child: ChildProcess, program: string): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new ForgeError('failed', `Failed to start ${program}: ${cause.code ?? cause.message}.`, {
          code: 'PLUGIN_FAILED',
          hint: 'Try: session-manager-plugin --version',
          cause,
        }),
      ),
    );
  });
}
