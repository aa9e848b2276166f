const most = 20;

/** `dev, qa, prod`; of a thousand names, the first ones and a count. */
export function listNames(names: Iterable<string>): string {
  const all = [...names];
  const shown = all.slice(0, most).join(', ');
  return all.length <= most ? shown : `${shown} and ${all.length - most} more (forge config show)`;
}
