/** The last name of a path on an instance, where `/` alone parts names; empty for `.`, `..`, `~` and `/`. */
export function remoteBasename(path: string): string {
  const name = withoutSlashes(path).split('/').at(-1) ?? '';
  return name === '.' || name === '..' || name === '~' ? '' : name;
}

export function remoteJoin(folder: string, name: string): string {
  if (name === '') return withoutSlashes(folder);
  return folder === '' || folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
}

/** `/` stays. */
export function withoutSlashes(path: string): string {
  return path.replace(/(?<=.)\/+$/, '');
}
