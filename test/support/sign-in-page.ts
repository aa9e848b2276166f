import { spawn } from 'node:child_process';

/**
 * A person at the sandbox's real pages, over HTTP: opens the address, picks who they are, compares the code,
 * presses the button. Forms are sent as the page has them, cookies and CSRF tokens included; there is no other
 * way to approve a sign-in.
 */
export async function allowOnPage(url: string, person: string): Promise<void> {
  const last = await decideOnPage(url, person, 'allow');
  if (!/Request approved|<h1>Signed in/i.test(last)) throw new Error(`The page did not approve:\n${last}`);
}

/** The text of the last page. Follows redirects, also to the callback of a program on this machine. */
export async function decideOnPage(url: string, person: string, decision: 'allow' | 'deny'): Promise<string> {
  const cookies = new Map<string, string>();
  let page = await visit(cookies, url);
  if (page.html.includes('action="/sign-in"')) {
    page = await visit(cookies, new URL('/sign-in', page.url).href, {
      ...hiddenFields(page.html, '/sign-in'),
      person,
    });
  }
  const action = /<form method="post" action="([^"]+)" class="actions">/.exec(page.html)?.[1];
  if (action === undefined) throw new Error(`${page.url} asks nothing:\n${page.html}`);
  const fields = { ...hiddenFields(page.html, action), decision };
  return (await visit(cookies, new URL(unescapeHtml(action), page.url).href, fields)).html;
}

/** Runs `forge login --device-code` and plays the person at the address that it prints. */
export async function signInByPage(
  forge: readonly string[],
  env: NodeJS.ProcessEnv,
  person: string,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const [command = '', ...args] = forge;
  const child = spawn(command, [...args, 'login', '--device-code'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { stdout: '', stderr: '' };
  let allowing: Promise<void> | undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    said.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    said.stderr += chunk.toString();
    const url = /https?:\/\/\S+user_?code=[\w-]+(?=\s)/i.exec(said.stderr)?.[0];
    if (url === undefined || allowing !== undefined) return;
    allowing = allowOnPage(url, person);
    // A page that fails must not leave forge waiting for ten minutes.
    allowing.catch(() => child.kill());
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  await allowing;
  if (code !== 0) throw new Error(`forge login ended with ${code}:\n${said.stderr}`);
  return said;
}

async function visit(
  cookies: Map<string, string>,
  address: string,
  fields?: Readonly<Record<string, string>>,
): Promise<{ readonly url: string; readonly html: string }> {
  let url = address;
  let form = fields;
  for (let hops = 0; hops < 10; hops++) {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: {
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form === undefined
          ? {}
          : { 'content-type': 'application/x-www-form-urlencoded', origin: new URL(url).origin }),
      },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form).toString() }),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    const html = await response.text();
    const location = response.headers.get('location');
    if (location === null) return { url, html };
    url = new URL(location, url).href;
    form = undefined;
  }
  throw new Error(`${address} redirects for ever`);
}

/** The hidden fields of the form with this action. */
function hiddenFields(html: string, action: string): Record<string, string> {
  const form = html.split('<form ').find((part) => part.includes(`action="${action}"`)) ?? '';
  const fields =
    form.split('</form>')[0]?.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g) ?? [];
  return Object.fromEntries([...fields].map(([, name = '', value = '']) => [name, unescapeHtml(value)]));
}

function unescapeHtml(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}
