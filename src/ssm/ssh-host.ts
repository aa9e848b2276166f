const suffix = '.forge';

/** How ssh calls an environment's instances: a pattern of ssh_config, for names as scp and editors take them. */
export function hostPattern(environment: string): string {
  return `*.${environment}${suffix}`;
}

/** `web-1.dev.forge` → `dev/web-1`; anything else is the word that every command takes. */
export function instanceWord(host: string, environments: readonly string[]): string {
  if (!host.endsWith(suffix)) return host;
  const name = host.slice(0, -suffix.length);
  const [environment] = environments
    .filter((candidate) => name.endsWith(`.${candidate}`))
    .sort((one, other) => other.length - one.length);
  if (environment === undefined) return host;
  const instance = name.slice(0, -environment.length - 1);
  return instance === '' ? host : `${environment}/${instance}`;
}
