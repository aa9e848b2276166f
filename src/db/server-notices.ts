import type { Client } from 'pg';
import type { Output } from '../terminal/output.ts';

/** Prints what the server says beside the result, on stderr, while held. `after` is called for each. */
export function showNotices(client: Client, output: Output, after: () => void = () => {}): Disposable {
  const show = (notice: Notice) => {
    // --quiet hides notices and keeps warnings, as client_min_messages would.
    if (notice.severity === 'WARNING') output.warn(noticeText(notice));
    else output.note(noticeText(notice));
    after();
  };
  client.on('notice', show);
  return { [Symbol.dispose]: () => void client.removeListener('notice', show) };
}

interface Notice {
  readonly severity?: string | undefined;
  readonly message?: string | undefined;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
}

function noticeText({ severity = 'NOTICE', message = '', detail, hint }: Notice): string {
  const lines = [severity === 'WARNING' ? message : `${severity}:  ${message}`];
  if (detail) lines.push(`DETAIL:  ${detail}`);
  if (hint) lines.push(`HINT:  ${hint}`);
  return lines.join('\n');
}
