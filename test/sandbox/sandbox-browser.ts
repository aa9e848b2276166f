import { createHash, randomBytes } from 'node:crypto';

/** A browser as small as one can be: cookies, forms, no scripts. It fills in the real pages. */
export interface SandboxBrowser {
  get(url: string): Promise<PageSeen>;
  /** Submits the form whose submit button or action fits, with the button's value. */
  submit(page: PageSeen, button: Button): Promise<PageSeen>;
  /** Signs in and answers; the callback address (code flow) or undefined (device flow). */
  approve(url: string, person: string, decision?: 'allow' | 'deny'): Promise<PageSeen>;
}

export interface Button {
  readonly name?: string;
  readonly value?: string;
  readonly action?: string;
  /** Where the form claims to come from. */
  readonly origin?: string;
}

export interface PageSeen {
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

export function createSandboxBrowser(base: string): SandboxBrowser {
  const cookies = new Map<string, string>();
  const request = async (url: string, init: RequestInit = {}): Promise<PageSeen> => {
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: {
        ...init.headers,
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      },
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const location = response.headers.get('location');
    if (response.status !== 303 || location === null)
      return { url, status: response.status, text: await response.text() };
    const next = new URL(location, url).href;
    // Another server: a client's callback, which this browser does not visit.
    return next.startsWith(base) ? request(next) : { url: next, status: 303, text: '' };
  };
  const browser: SandboxBrowser = {
    get: (url) => request(url),
    submit(page, { name, value, action, origin }) {
      const form = [
        ...page.text.matchAll(/<form method="post" action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g),
      ].find(
        ([, formAction, inside = '']) =>
          (action === undefined || formAction === action) &&
          (name === undefined || inside.includes(`name="${name}" value="${value}"`)),
      );
      if (!form) throw new Error(`no such form on ${page.url}: ${page.text}`);
      const fields = new URLSearchParams();
      for (const [, field = '', text = ''] of (form[2] ?? '').matchAll(
        /<input type="hidden" name="([^"]*)" value="([^"]*)"/g,
      )) {
        fields.set(field, text);
      }
      if (name !== undefined) fields.set(name, value ?? '');
      return request(new URL(form[1] ?? '', page.url).href, {
        method: 'POST',
        body: fields,
        headers: { origin: origin ?? new URL(page.url).origin },
      });
    },
    async approve(url, person, decision = 'allow') {
      let page = await browser.get(url);
      if (page.text.includes('Who are you today?'))
        page = await browser.submit(page, { name: 'person', value: person });
      return browser.submit(page, { name: 'decision', value: decision });
    },
  };
  return browser;
}

export interface Pkce {
  readonly verifier: string;
  readonly challenge: string;
}

export function createPkce(): Pkce {
  const verifier = randomBytes(48).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}
