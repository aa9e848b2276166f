import type { Aws } from '../aws/clients.ts';
import type { IdentityParts } from './identity-parts.ts';

/** Parts that know whether AWS has been asked: signing alone must not load the SDK. */
export type ObservedAws = Pick<IdentityParts, 'aws'> & {
  /** What `aws` has given, if anybody has called it. */
  loadedAws?(): Promise<Aws> | undefined;
};

/** The same parts, which remember whether AWS has been asked. */
export function observeAws<Parts extends Pick<IdentityParts, 'aws'>>(
  parts: Parts,
): Parts & { loadedAws(): Promise<Aws> | undefined } {
  let loaded: Promise<Aws> | undefined;
  return {
    ...parts,
    aws() {
      loaded ??= parts.aws();
      return loaded;
    },
    loadedAws: () => loaded,
  };
}

/** AWS's clock minus this machine's, milliseconds, where an earlier reply of AWS in this command showed it; else 0. */
export async function knownClockSkew(parts: ObservedAws): Promise<number> {
  return (await parts.loadedAws?.())?.clockSkew() ?? 0;
}
