import { ForgeError } from '../errors.ts';
import { isoSeconds } from '../lib/iso-seconds.ts';
import type { Secret } from '../lib/secret.ts';

/**
 * What kubectl says to a credential plugin (KUBERNETES_EXEC_INFO) and wants back.
 * https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
 */
export interface ExecInfo {
  readonly apiVersion: string;
  /** Whether the plugin may use stdin; undefined before v1. */
  readonly interactive: boolean | undefined;
}

const group = 'client.authentication.k8s.io';
const standard = `${group}/v1beta1`;
const known = new Set([standard, `${group}/v1`]);

/** Without the variable, by hand or from an old client: v1beta1, as the AWS CLI answers. Throws usage EXEC_API_UNKNOWN. */
export function parseExecInfo(variable: string | undefined): ExecInfo {
  if (!variable) return { apiVersion: standard, interactive: undefined };
  const info = parseObject(variable);
  const apiVersion = info?.apiVersion;
  const spec = info?.spec;
  const interactive = typeof spec === 'object' && spec !== null && 'interactive' in spec && spec.interactive;
  if (typeof apiVersion === 'string' && known.has(apiVersion)) {
    return { apiVersion, interactive: typeof interactive === 'boolean' ? interactive : undefined };
  }
  const said = typeof apiVersion === 'string' ? JSON.stringify(apiVersion.slice(0, 80)) : 'no version';
  throw new ForgeError('usage', `KUBERNETES_EXEC_INFO asks for ${said}; forge speaks v1 and v1beta1.`, {
    code: 'EXEC_API_UNKNOWN',
    hint: 'Write the kubeconfig anew: forge kube use',
  });
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** One line, keys in the order of the AWS CLI's answer. */
export function encodeExecCredential(apiVersion: string, token: Secret, expiresAt: number): string {
  return JSON.stringify({
    kind: 'ExecCredential',
    apiVersion,
    spec: {},
    status: { expirationTimestamp: isoSeconds(expiresAt), token: token.reveal() },
  });
}
