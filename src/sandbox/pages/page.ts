import { createHash } from 'node:crypto';
import type { Reply } from '../aws/exchange.ts';
import { Html, html } from './html.ts';
import { style } from './style.ts';

const styleHash = createHash('sha256').update(style).digest('base64');

/**
 * Nothing runs, nothing loads, nobody frames it. Forms may go to the sandbox itself and, because browsers hold
 * the redirect after a form to the same rule, to a callback on loopback.
 */
const policy = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  "form-action 'self' http://127.0.0.1:* http://localhost:*",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': policy,
  'cache-control': 'no-store',
  // Not no-referrer: with that, browsers send `Origin: null` and the check of Origin could not be made.
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

export function pageReply(
  status: number,
  title: string,
  content: Html,
  cookies: readonly string[] = [],
): Reply {
  const body = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · SANDBOX</title>
<style>${new Html(style)}</style>
</head>
<body>
<div class="sandbox" role="note"><strong>SANDBOX</strong> — a rehearsal on this computer. No real AWS, no real people, no passwords.</div>
<main>
${content}
</main>
</body>
</html>
`;
  return {
    status,
    headers: { ...pageHeaders, ...(cookies.length > 0 ? { 'set-cookie': cookies } : {}) },
    body: body.text,
  };
}

export function messagePage(status: number, title: string, text: string): Reply {
  return pageReply(status, title, html`<h1>${title}</h1><p>${text}</p>`);
}

export function seeOther(location: string, cookies: readonly string[] = []): Reply {
  return {
    status: 303,
    headers: {
      location,
      'cache-control': 'no-store',
      ...(cookies.length > 0 ? { 'set-cookie': cookies } : {}),
    },
  };
}
