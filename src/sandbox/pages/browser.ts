import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Received } from '../aws/exchange.ts';
import type { IdentityCenter } from '../oidc/identity-center.ts';
import type { PortalSession } from '../oidc/portal-session.ts';

/**
 * What the pages know of the browser in front of them: who is signed in at the portal in it (a cookie, as with
 * AWS, so that signing in again asks nobody), and a mark of its own, which every form must carry back.
 */
export interface Browser {
  readonly session: PortalSession | undefined;
  /** For forms that lead to `path`: good in this browser and for that only. */
  csrfToken(path: string): string;
  /** To be set with every page. */
  readonly cookies: readonly string[];
  cookieFor(session: PortalSession): string;
}

export interface Browsers {
  read(request: Received): Browser;
  /** True: the form comes from our own page in this browser. */
  isOwnForm(request: Received, path: string, csrf: string | undefined): boolean;
}

export function createBrowsers(center: IdentityCenter): Browsers {
  const secret = randomBytes(32);
  const tokenFor = (mark: string, path: string) =>
    createHmac('sha256', secret).update(`${mark}\n${path}`).digest('base64url');
  return {
    read(request) {
      const suffix = portOf(request);
      const known = request.cookie(`forge_sandbox_browser_${suffix}`);
      const mark = known ?? randomBytes(18).toString('base64url');
      const session = center.findPortalSession(request.cookie(`forge_sandbox_portal_${suffix}`));
      return {
        session,
        csrfToken: (path) => tokenFor(mark, path),
        cookies: known === undefined ? [cookie(`forge_sandbox_browser_${suffix}`, mark)] : [],
        cookieFor: (opened) => cookie(`forge_sandbox_portal_${suffix}`, opened.id),
      };
    },
    isOwnForm(request, path, csrf) {
      const mark = request.cookie(`forge_sandbox_browser_${portOf(request)}`);
      if (request.header('origin') !== `http://${request.header('host')}`) return false;
      if (mark === undefined || csrf === undefined) return false;
      const [given, expected] = [Buffer.from(csrf), Buffer.from(tokenFor(mark, path))];
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}

/** Cookies know no ports: two sandboxes side by side must not share theirs. */
function portOf(request: Received): string {
  return (request.header('host') ?? '').split(':')[1] ?? '80';
}

function cookie(name: string, value: string): string {
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax`;
}
