import { isAbsolute, relative } from 'node:path';
import { ForgeError } from '../errors.ts';
import type { Host } from '../host.ts';
import type { Place, Problem } from './config-tree.ts';

/** The first problem as a failure; the others are counted, `forge config check` lists them. */
export function configInvalid(host: Pick<Host, 'directories'>, problems: readonly Problem[]): ForgeError {
  const [first, ...others] = problems;
  if (first === undefined) throw new TypeError('no problem to report');
  const more = others.length === 0 ? [] : [`And ${others.length} more: forge config check`];
  return new ForgeError('usage', `${placeText(host, first)}: ${first.message}`, {
    code: 'CONFIG_INVALID',
    hint: [...(first.hint === undefined ? [] : [first.hint]), ...more].join('\n') || undefined,
  });
}

/** `forge.yaml:12:5`, as editors and terminals make it a link. */
export function placeText(host: Pick<Host, 'directories'>, place: Place): string {
  return `${pathForPeople(host, place.file)}:${place.line}:${place.column}`;
}

/** Relative inside the working folder, else as it is. */
export function pathForPeople({ directories }: Pick<Host, 'directories'>, path: string): string {
  const short = relative(directories.working, path);
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : short;
}
