import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPsqlArguments } from '../../src/db/psql-arguments.ts';
import { psqlEnvironment } from '../../src/db/psql-environment.ts';
import { type PsqlRc, psqlRc } from '../../src/db/psql-rc.ts';

describe('psql arguments', () => {
  it.each<[string[], { asksForInput: boolean; skipsRc: boolean }]>([
    [[], { asksForInput: true, skipsRc: false }],
    [['-c', 'select 1'], { asksForInput: false, skipsRc: false }],
    [['-Atc', 'select 1'], { asksForInput: false, skipsRc: false }],
    [['-cselect -h'], { asksForInput: false, skipsRc: false }],
    [['--command=select 1', '-X'], { asksForInput: false, skipsRc: true }],
    [['--comm', '-h'], { asksForInput: false, skipsRc: false }],
    [['-f', '-'], { asksForInput: false, skipsRc: false }],
    [['-v', 'host=x', '-P', 'pager=off', '--set', 'a=b'], { asksForInput: true, skipsRc: false }],
    [['--csv', '-q', '--no-psqlrc'], { asksForInput: true, skipsRc: true }],
    [['--'], { asksForInput: true, skipsRc: false }],
  ])('%j are read as psql reads them', (args, expected) => {
    expect(readPsqlArguments(args)).toEqual(expected);
  });

  it.each([
    [['-h', 'evil.example']],
    [['-hevil.example']],
    [['-Ath', 'evil.example']],
    [['--host=evil.example']],
    [['--ho', 'evil.example']],
    [['-p', '1']],
    [['-U', 'postgres']],
    [['-W']],
    [['-d', 'host=evil.example']],
    [['--dbname=x']],
    [['postgresql://evil.example']],
    [['-c', 'select 1', 'host=evil.example']],
    [['--', 'host=evil.example']],
    [['-']],
  ])('%j would lead the token elsewhere', (args) => {
    expect(() => readPsqlArguments(args)).toThrow(
      expect.objectContaining({ code: 'PSQL_ARGUMENT', kind: 'usage' }),
    );
  });
});

describe('the environment of psql', () => {
  const connection = {
    host: 'shop.c9abc.us-east-1.rds.amazonaws.com',
    hostAddress: undefined,
    port: 5432,
    user: 'developer',
    database: 'shop',
    password: 'token',
    applicationName: 'forge/jane',
    options: '-c default_transaction_read_only=on',
    rootCertificates: '/private/ca.pem',
    rc: '/private/psqlrc',
  };

  it('has the connection, and nothing of the person’s own that could lead it elsewhere', () => {
    const own = {
      PATH: '/bin',
      PGHOST: 'evil',
      PGHOSTADDR: '10.0.0.1',
      PGSSLMODE: 'disable',
      PGSERVICE: 'other',
      PGPASSFILE: '/x',
      PGOPTIONS: '-c default_transaction_read_only=off',
      PGSSLROOTCERT: '/x',
      PSQLRC: '/x',
      PSQL_PAGER: 'less',
      PGTZ: 'Europe/Berlin',
    };
    expect(psqlEnvironment(own, connection)).toEqual({
      PATH: '/bin',
      PSQL_PAGER: 'less',
      PGTZ: 'Europe/Berlin',
      PGHOST: connection.host,
      PGPORT: '5432',
      PGUSER: 'developer',
      PGDATABASE: 'shop',
      PGPASSWORD: 'token',
      PGAPPNAME: 'forge/jane',
      PGOPTIONS: '-c default_transaction_read_only=on',
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: '/private/ca.pem',
      PGSSLMINPROTOCOLVERSION: 'TLSv1.2',
      PGGSSENCMODE: 'disable',
      PGCONNECT_TIMEOUT: '10',
      PSQLRC: '/private/psqlrc',
    });
  });

  it('leads to a gate of forge’s by its socket without a password, or by its port with one, never with a token', () => {
    const gate = {
      ...connection,
      host: '/run/db',
      options: '',
      rootCertificates: undefined,
      password: undefined,
    };
    expect(psqlEnvironment({ PGPASSWORD: 'x', PGSSLMODE: 'require' }, gate)).toEqual({
      PGHOST: '/run/db',
      PGPORT: '5432',
      PGUSER: 'developer',
      PGDATABASE: 'shop',
      PGAPPNAME: 'forge/jane',
      PGSSLMODE: 'disable',
      PGGSSENCMODE: 'disable',
      PGCONNECT_TIMEOUT: '10',
      PSQLRC: '/private/psqlrc',
    });
    const port = { ...gate, host: '127.0.0.1', port: 41_873, password: 'made' };
    expect(psqlEnvironment({}, port)).toMatchObject({
      PGPORT: '41873',
      PGPASSWORD: 'made',
      PGSSLMODE: 'disable',
    });
  });

  it('sends the connection through a tunnel and keeps the name', () => {
    const env = psqlEnvironment({}, { ...connection, hostAddress: '127.0.0.1' });
    expect(env).toMatchObject({ PGHOST: connection.host, PGHOSTADDR: '127.0.0.1' });
    expect(psqlEnvironment({}, { ...connection, hostAddress: 'tunnel' })).not.toHaveProperty('PGHOSTADDR');
  });
});

describe('the start-up file of psql', () => {
  const rc: PsqlRc = {
    name: 'prod-cash',
    production: true,
    readOnly: true,
    ownFile: undefined,
    coloured: true,
    interactive: true,
    statements: '',
  };

  it('shows production in red, and in words where there is no colour', () => {
    expect(psqlRc(rc)).toContain('%[%033[1;97;41m%] prod-cash RO %[%033[0m%] %n@%/%R%x%# ');
    expect(psqlRc({ ...rc, coloured: false })).toContain("'[PRODUCTION prod-cash RO] %n@%/%R%x%# '");
    expect(psqlRc({ ...rc, production: false, readOnly: false })).toContain(
      '%[%033[1;36m%]dev'.replace('dev', 'prod-cash RW'),
    );
  });

  it('commits by hand in production only where somebody types', () => {
    expect(psqlRc({ ...rc, readOnly: false })).toContain('AUTOCOMMIT off');
    for (const safe of [
      {},
      { readOnly: false, interactive: false },
      { readOnly: false, production: false },
    ]) {
      expect(psqlRc({ ...rc, ...safe })).not.toContain('AUTOCOMMIT');
    }
  });

  it('never lets a name out of its quotes', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        const [first = '', ...others] = psqlRc({ ...rc, name: name.replaceAll('\n', '') }).split('\n');
        const inner = /^\\set PROMPT1 '(.*)'$/s.exec(first)?.[1] ?? '';
        expect(inner.replace(/\\[\\']/g, '')).not.toContain("'");
        expect(others[1]).toBe('\\set ON_ERROR_ROLLBACK interactive');
      }),
    );
  });
});
