import type { DatabaseRequest } from './database-request.ts';

/** Server settings of a session, as name and value; values are forge's own words and whole numbers. */
export function sessionSettings({
  readOnly,
  limits,
}: Pick<DatabaseRequest, 'readOnly' | 'limits'>): readonly (readonly [string, string])[] {
  const settings: [string, string][] = [];
  if (readOnly) settings.push(['default_transaction_read_only', 'on']);
  const times = [
    ['statement_timeout', limits.statement],
    ['lock_timeout', limits.lock],
    ['idle_in_transaction_session_timeout', limits.idleInTransaction],
  ] as const;
  for (const [name, value] of times) if (value !== undefined) settings.push([name, String(value)]);
  return settings;
}

/** For the startup message's `options` and PGOPTIONS. */
export function startupOptions(settings: readonly (readonly [string, string])[]): string {
  return settings.map(([name, value]) => `-c ${name}=${value}`).join(' ');
}

/** For servers that take no startup options (RDS Proxy). */
export function setStatements(settings: readonly (readonly [string, string])[]): string {
  return settings.map(([name, value]) => `set ${name} = '${value}';`).join(' ');
}
