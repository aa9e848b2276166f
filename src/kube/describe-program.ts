import { posix, win32 } from 'node:path';

/** The first word that says what is done. What precedes it can be values of options. */
const verbs: Readonly<Record<string, ReadonlySet<string>>> = {
  kubectl: new Set(
    `annotate api-resources api-versions apply attach auth autoscale certificate cluster-info config cordon cp create
    debug delete describe diff drain edit events exec explain expose get kustomize label logs patch port-forward proxy
    replace rollout run scale set taint top uncordon version wait`.split(/\s+/),
  ),
  helm: new Set(
    `create dependency env get history install lint list ls package plugin pull push registry repo rollback search show
    status template test uninstall upgrade verify version`.split(/\s+/),
  ),
};
/** Options without a value that stand between a verb and what it is done to: `exec -it web-1`. */
const plain = /^(-[itAw]{1,3}|--(stdin|tty|all|all-namespaces|watch|previous))$/;
/** Names and kinds; no `=`, which is where data begins, and nothing longer than a name can be. */
const name = /^[A-Za-z0-9][A-Za-z0-9._/:@,-]{0,99}$/;
const mostWords = 3;

/**
 * What a program is run for, for the journal: `kubectl delete pod web-1`. Of kubectl and helm the verb and the names
 * that follow it, up to the first option or value: data and secrets come after those. Of others the name alone.
 */
export function describeProgram(program: string, args: readonly string[]): string {
  const own = win32.basename(posix.basename(program)).replace(/\.exe$/i, '');
  const known = verbs[own.toLowerCase()];
  const start = known === undefined ? -1 : args.findIndex((word) => known.has(word));
  if (start < 0 || args.slice(0, start).includes('--')) return own;
  const words = [own];
  for (const word of args.slice(start)) {
    if (words.length > 1 && plain.test(word)) continue;
    if (!name.test(word) || words.length > mostWords) break;
    words.push(word);
  }
  return words.join(' ');
}
