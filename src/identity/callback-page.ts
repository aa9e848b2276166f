import { createHash } from 'node:crypto';

/** What the person sees in the browser after signing in: what happened, and that the terminal has the rest. */
export interface CallbackPage {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface PageText {
  readonly status: 200 | 400 | 403 | 404 | 405 | 502;
  readonly title: string;
  readonly sentence: string;
}

const style = `:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:0;min-height:100vh;display:grid;place-items:center;background:Canvas;color:CanvasText}
main{max-width:26rem;padding:2rem;text-align:center}
p{margin:.5rem 0}
h1{font-size:1.5rem;margin:.5rem 0}
.mark{font-size:3rem;line-height:1}
.good{color:#1a7f37}
.bad{color:#c4302b}
@media (prefers-color-scheme:dark){.good{color:#3fb950}.bad{color:#ff7b72}}`;

const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/** No script, nothing loaded from anywhere, not kept by the browser, its address (which holds the code) not passed on. */
export function renderCallbackPage({ status, title, sentence }: PageText): CallbackPage {
  const good = status === 200;
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)} · forge</title>
<style>${style}</style>
</head>
<body>
<main>
<p class="mark ${good ? 'good' : 'bad'}" aria-hidden="true">${good ? '✓' : '✕'}</p>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(sentence)}</p>
</main>
</body>
</html>
`;
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      connection: 'close',
    },
    body,
  };
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
