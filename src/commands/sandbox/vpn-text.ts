import type { Reachable } from '../../sandbox/process/vpn.ts';
import type { Style } from '../../terminal/style.ts';

/** Which databases are reached how; two lines, or one where all are reached the same way. */
export function vpnText(reachable: Reachable, style: Style): string {
  const names = (direct: boolean) =>
    [...reachable].flatMap(([name, open]) => (open === direct ? [name] : [])).join(', ');
  const lines: readonly (readonly [string, string])[] = [
    ['Directly', names(true)],
    ['By bastion', names(false)],
  ];
  return lines
    .filter(([, which]) => which !== '')
    .map(([title, which]) => `${style.dim(title.padEnd(14))}${style.plain(which)}`)
    .join('\n');
}
