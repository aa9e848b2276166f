export interface PsqlRc {
  /** Target's name. */
  readonly name: string;
  readonly production: boolean;
  readonly readOnly: boolean;
  /** Read first, so that what the person is used to still holds. */
  readonly ownFile: string | undefined;
  readonly coloured: boolean;
  /** Statements are typed: they may be taken back. */
  readonly interactive: boolean;
  /** SQL for servers that take no start-up options. */
  readonly statements: string;
}

/**
 * psql's start-up file. PSQLRC names it, because a PROMPT1 given on the command line is overwritten by the
 * person's own file; so theirs is included here, and what must be seen comes after it.
 * https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-PROMPTING
 */
export function psqlRc({
  name,
  production,
  readOnly,
  ownFile,
  coloured,
  interactive,
  statements,
}: PsqlRc): string {
  const mode = readOnly ? 'RO' : 'RW';
  const label = `${name} ${mode}`.replaceAll('%', '%%');
  const colour = production ? '1;97;41' : '1;36';
  // %[ and %] tell readline that what stands between takes no room on the line.
  const badge = coloured
    ? `%[%033[${colour}m%]${production ? ` ${label} ` : label}%[%033[0m%]`
    : production
      ? `[PRODUCTION ${label}]`
      : label;
  const lines = [
    ...(ownFile === undefined ? [] : [`\\i ${quote(ownFile)}`]),
    `\\set PROMPT1 ${quote(`${badge} %n@%/%R%x%# `)}`,
    `\\set PROMPT2 ${quote(`${badge} %n@%/%R%x%# `)}`,
  ];
  if (production) lines.push('\\set ON_ERROR_ROLLBACK interactive');
  if (production && !readOnly && interactive) lines.push('\\set AUTOCOMMIT off');
  if (statements !== '') lines.push(statements);
  return `${lines.join('\n')}\n`;
}

/** An argument of a backslash command. https://www.postgresql.org/docs/current/app-psql.html#APP-PSQL-META-COMMANDS */
function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
