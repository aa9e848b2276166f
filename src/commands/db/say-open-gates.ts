import type { DatabaseRequest } from '../../db/database-request.ts';
import { gateAddress } from '../../db/gate/gate-address.ts';
import type { DatabaseGate } from '../../db/gate/open-gate.ts';
import type { Output } from '../../terminal/output.ts';
import type { Style } from '../../terminal/style.ts';

interface OpenGate {
  readonly request: DatabaseRequest;
  readonly gate: DatabaseGate;
}

/** The one place where a gate's password is shown. */
export function sayOpenGates(output: Output, open: readonly OpenGate[]): void {
  output.result({
    data: open.map(({ request, gate: { endpoint } }) => ({
      target: request.name,
      production: request.production,
      readOnly: request.readOnly,
      host: endpoint.host,
      port: endpoint.port,
      user: request.user,
      database: request.database,
      password: passwordOf(endpoint) ?? null,
      ...gateAddress(request, endpoint),
    })),
    text: (style) => open.map((one) => textOf(one, style)).join('\n\n'),
  });
}

function textOf({ request, gate: { endpoint } }: OpenGate, style: Style): string {
  const { name, database, user, readOnly, production } = request;
  const { connectionString, jdbcUrl, psql } = gateAddress(request, endpoint);
  const password = passwordOf(endpoint);
  const lines: readonly (readonly [string, string | null | undefined])[] = [
    ['address', connectionString],
    ['JDBC', jdbcUrl],
    ['psql', psql],
    ['password', password],
  ];
  const head = production ? style.danger(name) : style.bold(name);
  const mode = readOnly ? 'read-only' : 'read-write';
  return [
    `${head}${style.plain(`: database ${database} as ${user}, ${mode}`)}`,
    ...lines.flatMap(([title, value]) =>
      value ? [`  ${style.dim(title.padEnd(9))} ${style.plain(value)}`] : [],
    ),
  ].join('\n');
}

function passwordOf(endpoint: DatabaseGate['endpoint']): string | undefined {
  return endpoint.kind === 'tcp' ? endpoint.password.reveal() : undefined;
}
