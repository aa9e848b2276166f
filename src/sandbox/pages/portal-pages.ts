import { parseForm, type Received, type Reply } from '../aws/exchange.ts';
import { callback, createAuthorizationRequests } from '../oidc/authorization-requests.ts';
import { accountsOf, permissionSetsOf } from '../organisation.ts';
import type { World } from '../world.ts';
import { type Browser, createBrowsers } from './browser.ts';
import { messagePage, pageReply, seeOther } from './page.ts';
import { consentView, enterCodeView, portalView, signInView } from './views.ts';

/**
 * What a person sees in the browser: sign in, compare a code, allow or deny. There is no other way to approve
 * anything, not for tests either: they fill in these forms.
 */
export type FindPage = (request: Received) => Reply | undefined;

export function createPortalPages(world: World): FindPage {
  const center = world.identityCenter;
  const browsers = createBrowsers(center);
  const requests = createAuthorizationRequests(center, world.now);
  const form = (request: Received) => parseForm(request.body.toString('utf8'));
  const note = (request: Received, name: string, principal: string | undefined, clientName?: string) =>
    world.events.record({
      service: 'signin',
      name,
      account: undefined,
      principal,
      accessKeyId: undefined,
      sourceIdentity: undefined,
      userAgent: request.header('user-agent'),
      parameters: clientName === undefined ? {} : { clientName },
      errorCode: undefined,
      errorMessage: undefined,
    });

  function signInPage(browser: Browser, purpose: string, next: string): Reply {
    const view = signInView(world.organisation, purpose, next, browser.csrfToken('/sign-in'));
    return pageReply(200, 'Sign in', view, browser.cookies);
  }

  function authorize(request: Received): Reply {
    const opened = requests.open(parseForm(request.query));
    if (opened.kind === 'refused') return messagePage(400, 'This request can’t be answered', opened.why);
    if (opened.kind === 'redirect') return seeOther(opened.location);
    return seeOther(`/authorize/${opened.request.id}`);
  }

  function authorizePage(request: Received, id: string): Reply {
    const asked = requests.find(id);
    if (!asked) return expired();
    const browser = browsers.read(request);
    if (!browser.session)
      return signInPage(browser, `${asked.clientName} wants to know who you are.`, request.path);
    const view = consentView({
      clientName: asked.clientName,
      person: browser.session.person,
      userCode: undefined,
      returnsTo: new URL(asked.redirectUri).host,
      action: request.path,
      csrf: browser.csrfToken(request.path),
      next: request.path,
      switchCsrf: browser.csrfToken('/sign-out'),
    });
    return pageReply(200, 'Allow access', view, browser.cookies);
  }

  function decideAuthorize(request: Received, id: string): Reply {
    const fields = form(request);
    if (!browsers.isOwnForm(request, request.path, fields.get('csrf'))) return foreignForm();
    const { session } = browsers.read(request);
    if (!session) return seeOther(request.path);
    const asked = requests.take(id);
    if (!asked) return expired();
    const { clientId, clientName, redirectUri, challenge, state } = asked;
    if (fields.get('decision') !== 'allow') {
      note(request, 'Deny', session.person.userName, clientName);
      return seeOther(callback(redirectUri, { error: 'access_denied', state }));
    }
    note(request, 'Allow', session.person.userName, clientName);
    const code = center.codes.create({ clientId, redirectUri, challenge, session });
    return seeOther(callback(redirectUri, { code, state }));
  }

  function devicePage(request: Received): Reply {
    const browser = browsers.read(request);
    const typed = parseForm(request.query).get('user_code');
    if (typed === undefined)
      return pageReply(200, 'Connect a device', enterCodeView(undefined), browser.cookies);
    const waiting = center.devices.findPending(typed);
    const client = waiting && center.clients.find(waiting.clientId);
    if (!waiting || !client) {
      return pageReply(404, 'Connect a device', enterCodeView(typed.slice(0, 20)), browser.cookies);
    }
    const next = `/device?user_code=${waiting.userCode}`;
    if (!browser.session) return signInPage(browser, `${client.name} wants to know who you are.`, next);
    const view = consentView({
      clientName: client.name,
      person: browser.session.person,
      userCode: waiting.userCode,
      returnsTo: undefined,
      action: '/device',
      csrf: browser.csrfToken(`/device ${waiting.userCode}`),
      next,
      switchCsrf: browser.csrfToken('/sign-out'),
    });
    return pageReply(200, 'Compare the code', view, browser.cookies);
  }

  function decideDevice(request: Received): Reply {
    const fields = form(request);
    const userCode = fields.get('user_code') ?? '';
    if (!browsers.isOwnForm(request, `/device ${userCode}`, fields.get('csrf'))) return foreignForm();
    const { session } = browsers.read(request);
    if (!session) return seeOther(`/device?user_code=${encodeURIComponent(userCode)}`);
    const waiting = center.devices.findPending(userCode);
    if (!waiting) return expired();
    const allowed = fields.get('decision') === 'allow';
    const clientName = center.clients.find(waiting.clientId)?.name;
    note(request, allowed ? 'Allow' : 'Deny', session.person.userName, clientName);
    waiting.state = allowed ? { approvedBy: session } : 'denied';
    return allowed
      ? messagePage(200, 'Request approved', `${clientName} is signed in. You can close this window.`)
      : messagePage(200, 'Request denied', `${clientName} was refused. You can close this window.`);
  }

  function signIn(request: Received): Reply {
    const fields = form(request);
    if (!browsers.isOwnForm(request, '/sign-in', fields.get('csrf'))) return foreignForm();
    const person = world.organisation.people.find((entry) => entry.nickname === fields.get('person'));
    const next = localPath(fields.get('next'));
    if (!person) return seeOther(next);
    const browser = browsers.read(request);
    if (browser.session) center.endPortalSession(browser.session);
    note(request, 'UserAuthentication', person.userName);
    return seeOther(next, [browser.cookieFor(center.openPortalSession(person))]);
  }

  function signOut(request: Received): Reply {
    const fields = form(request);
    if (!browsers.isOwnForm(request, '/sign-out', fields.get('csrf'))) return foreignForm();
    const { session } = browsers.read(request);
    if (session) center.endPortalSession(session);
    return seeOther(localPath(fields.get('next')));
  }

  function portalPage(request: Received): Reply {
    const browser = browsers.read(request);
    if (!browser.session) return signInPage(browser, 'Sign in to the AWS access portal.', '/start');
    const { person } = browser.session;
    const accounts = accountsOf(world.organisation, person).map(({ id, name }) => ({
      id,
      name,
      permissionSets: permissionSetsOf(world.organisation, person, id),
    }));
    return pageReply(
      200,
      'AWS access portal',
      portalView(person, accounts, browser.csrfToken('/sign-out')),
      browser.cookies,
    );
  }

  return (request) => {
    const [, id] = /^\/authorize\/([A-Za-z0-9_-]{1,64})$/.exec(request.path) ?? [];
    switch (`${request.method} ${id === undefined ? request.path : '/authorize/'}`) {
      case 'GET /authorize':
        return authorize(request);
      case 'GET /authorize/':
        return authorizePage(request, id ?? '');
      case 'POST /authorize/':
        return decideAuthorize(request, id ?? '');
      case 'GET /device':
        return devicePage(request);
      case 'POST /device':
        return decideDevice(request);
      case 'POST /sign-in':
        return signIn(request);
      case 'POST /sign-out':
        return signOut(request);
      case 'GET /':
      case 'GET /start':
      case 'GET /start/':
        return portalPage(request);
      case 'GET /favicon.ico':
        return { status: 204 };
      default:
        return undefined;
    }
  };
}

/** Only our own pages: an open redirect would send people anywhere after sign-in. */
function localPath(next: string | undefined): string {
  return /^\/(authorize\/[A-Za-z0-9_-]{1,64}|device\?user_code=[A-Z-]{1,9})$/.test(next ?? '')
    ? (next ?? '')
    : '/start';
}

function expired(): Reply {
  return messagePage(
    410,
    'This request is over',
    'It has expired or was answered already. Start again in your terminal.',
  );
}

function foreignForm(): Reply {
  return messagePage(
    403,
    'That form is not ours',
    'It did not come from a page of the sandbox in this browser. Go back, reload, and try again.',
  );
}
