import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskPasswords } from '../../../src/db/proxy/mask-passwords.ts';
import { sqlPieces } from '../../../src/db/proxy/sql-pieces.ts';

const secret = 'geheim7';

describe('a password is never left', () => {
  it.each([
    `ALTER ROLE bob PASSWORD '${secret}'`,
    `alter user bob with encrypted password '${secret}' valid until '2027-01-01'`,
    `CREATE ROLE bob LOGIN PASSWORD E'${secret}\\n'`,
    `create user bob password $$${secret}$$`,
    `create user bob password $x$${secret}$x$`,
    `create user bob password U&'${secret}'`,
    `ALTER/* */ROLE bob PASSWORD--x\n'${secret}'`,
    `alter role bob set my.token = '${secret}'`,
    `alter role bob pasword '${secret}'`,
    `alter role bob identified by '${secret}'`,
    `altre role bob password '${secret}'`,
    `alter role bob password "${secret}"`,
    `alter role bob password ${secret}`,
    `alter role bob password = ${secret}`,
    `alter role bob password '${secret}`,
    `alter role bob password 'a\\'${secret}'`,
    `alter role bob password 'it''s ${secret}'`,
    `alter role bob password 'a'${secret}'b'`,
    `alter role bob password 'it's ${secret}'`,
    `select 1; alter role bob password '${secret}'; select 2`,
    `do $$ begin execute 'alter role bob password ''${secret}'''; end $$`,
    `do $do$ begin execute format('alter role bob password %L', '${secret}'); end $do$`,
    `select set_password('bob', '${secret}')`,
    `select format('alter role %I password %L', 'bob', '${secret}')`,
    `create user mapping for bob server s options (user 'bob', password '${secret}')`,
    `create subscription s connection 'host=a dbname=b password=${secret}' publication p`,
    `select dblink_connect('host=a password=${secret}')`,
    `update users set password = '${secret}' where id = 1`,
    `insert into users (name, passwd) values ('bob', '${secret}')`,
    `select pgp_sym_encrypt('data', '${secret}')`,
    `select crypt('${secret}', gen_salt('bf'))`,
    `/* password is ${secret} */ select 1`,
    `-- pwd ${secret}\nselect 1`,
    `prepare p as alter role bob password '${secret}'`,
    `copy (select 1) to program 'curl -u bob:x --pass pwd=${secret}'`,
    `alter role bob password '' '${secret}'`,
    `alter role bob password ''\n'${secret}'`,
    `alter role bob password 'it\\'s ${secret} isn\\'t'`,
  ])('%s', (sql) => {
    const masked = maskPasswords(sql);
    expect(masked.secret).toBe(true);
    expect(masked.sql).not.toContain(secret);
  });

  it('wherever it stands in a statement about one', () => {
    const noise = fc.constantFrom(
      ' ',
      '\n',
      '/* x */',
      "'a'",
      '$$b$$',
      '"c"',
      ', ',
      'valid until',
      '(',
      ')',
      ';',
      "E'\\''",
      "'\\'",
      "'",
    );
    fc.assert(
      fc.property(
        fc.array(noise),
        fc.array(noise),
        fc.constantFrom("'", '$$', '$q$'),
        fc.boolean(),
        (front, back, quote, standard) => {
          const sql = `alter role bob ${front.join(' ')} password ${quote}${secret}${quote} ${back.join(' ')}`;
          expect(maskPasswords(sql, standard).sql).not.toContain(secret);
        },
      ),
    );
  });
});

describe('a statement is never hidden', () => {
  it.each([
    [
      `delete from customers where name <> '\\' /* crypt */`,
      `delete from customers where name <> '***' /* *** */`,
    ],
    [`delete from customers where note = e'a'\n'crypt\\''`, `delete from customers where note = '***'`],
    [`delete from customers where note = e'a' -- b\n 'crypt\\''`, `delete from customers where note = '***'`],
    ['truncate passwords; drop table customers', 'truncate passwords; drop table customers'],
    ["select '\u00a0', \u00a0e'\\', 1; drop table x --crypt '", 'drop table x'],
    ["select $🎉$ ' $🎉$; drop table x /* crypt */", 'drop table x'],
    // The server may read it so when a SET is on its way.
    ["select '\\' || '; drop/* a */table customers; -- crypt '", 'drop table customers'],
    ["delete from a where b = '\\''; drop table customers; -- crypt", 'drop table customers'],
    ["select 1 where '\\'and pwd=''; drop table customers", '; drop table customers'.slice(2)],
  ])('%s', (sql, shown) => expect(maskPasswords(sql).sql).toContain(shown));

  it.each([
    "select '\\' /* crypt */ '; delete from t where b = '",
    "select N'\\' /* crypt */ '; delete from t where b = '",
  ])('with standard_conforming_strings off: %s', (sql) => {
    const pieces = sqlPieces(`${sql}'`, false) ?? [];
    expect(pieces.filter(({ kind }) => kind === 'string')).toHaveLength(2);
    expect(maskPasswords(`${sql}'`, false).sql).toContain('delete from t');
  });

  it('whatever stands before it', () => {
    const noise = fc.constantFrom(
      "'a'",
      "'\\'",
      "e'\\''",
      '$$b$$',
      '/* crypt */',
      '-- pwd\n',
      '"password"',
      'crypt',
      "e'a'\n'\\''",
      ',',
      "n'x'",
    );
    fc.assert(
      fc.property(fc.array(noise), fc.array(noise), fc.boolean(), (front, back, standard) => {
        const sql = `select ${front.join(' , ')} ; drop table customers; ${back.join(' , ')}`;
        expect(maskPasswords(sql, standard).sql).toContain('drop table customers');
      }),
    );
  });
});

describe('other statements stay as they are', () => {
  it.each([
    "select * from orders where state = 'open'",
    "select count(*) from t group by a having b = 'x'",
    'select user, current_user',
    "select 'it''s' || $$ü$$ as \"Name\"",
    "select 'unterminated",
  ])('%s', (sql) => expect(maskPasswords(sql)).toEqual({ sql, secret: false }));

  it('and what a masked one is about can be read', () => {
    expect(maskPasswords("ALTER ROLE bob WITH PASSWORD 'x' CONNECTION LIMIT 5").sql).toBe(
      "ALTER ROLE bob WITH PASSWORD '***' CONNECTION LIMIT 5",
    );
    expect(maskPasswords("select id, password_hash from users where id = 5 and name = 'bob'").sql).toBe(
      "select id, password_hash from users where id = 5 and name = '***'",
    );
    expect(maskPasswords('alter role bob password null').sql).toBe('alter role bob password null');
  });
});

it('pieces are the whole text', () => {
  const part = fc.constantFrom(
    "'",
    '"',
    '$$',
    '$a$',
    '/*',
    '*/',
    '--',
    '\n',
    'e',
    "E'",
    'u&',
    '\\',
    'a',
    '1',
    ' ',
    ';',
    '🎉',
    'ä',
  );
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const sql = parts.join('');
      const pieces = sqlPieces(sql);
      if (pieces !== undefined) expect(pieces.map(({ text }) => text).join('')).toBe(sql);
    }),
  );
});
