import type { Host } from '../../host.ts';

/** Who runs PostgreSQL: undefined means forge's own user. */
export type ServerAccount = { readonly uid: number; readonly gid: number } | undefined;

/**
 * PostgreSQL refuses to run as root. Every system knows "nobody" by number, so that no account has to be made.
 */
export function serverAccount(host: Pick<Host, 'userId' | 'platform'>): ServerAccount {
  if (host.userId !== 0) return undefined;
  const nobody = host.platform === 'darwin' ? -2 : 65_534;
  return { uid: nobody, gid: nobody };
}
