import { ForgeError } from '../errors.ts';
import { isoSeconds } from '../lib/iso-seconds.ts';
import type { Secret } from '../lib/secret.ts';

const group = 'client.authentication.k8s.io';
const standard = `${group}/v1beta1`;
const known = new Set([standard, `${group}/v1`]);

/**
 * The version of the answer that kubectl wants (KUBERNETES_EXEC_INFO); without the variable, by hand or from an old
 * client, v1beta1, as the AWS CLI answers. Whether stdin may be read is told there too: forge reads none.
 * https://kubernetes.io/docs/reference/config-api/client-authentication.v1/ Throws usage EXEC_API_UNKNOWN.
 */
export function parseExecInfo(variable: string | undefined): string {
  if (!variable) return standard;
  const apiVersion = parseObject(variable)?.apiVersion;
  if (typeof apiVersion === 'string' && known.has(apiVersion)) return apiVersion;
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
