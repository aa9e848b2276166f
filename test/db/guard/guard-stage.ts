import type { Client } from 'pg';
import type { GuardContext, Refusal, Statement, StatementGuard } from '../../../src/db/proxy/statement.ts';

export const context: GuardContext = {
  encoding: 'UTF8',
  standardStrings: true,
  readOnly: true,
  group: 0,
  session: {},
};

let statements = 0;

export function statement(sql: string, more: Partial<Statement> = {}): Statement {
  return {
    id: ++statements,
    connection: 1,
    kind: 'query',
    sql,
    exact: true,
    standardStrings: true,
    values: [],
    application: 'test',
    transaction: 'idle',
    at: 0,
    ...more,
  };
}

export async function verdict(
  guard: StatementGuard,
  sql: string,
  more: Partial<Statement> = {},
  where: Partial<GuardContext> = {},
): Promise<Refusal | undefined> {
  return guard.check(statement(sql, more), { ...context, ...where });
}

/** A small shop with everything through which something can be written without saying so. */
export const schema = `
  create table canary (id int primary key, word text, amount numeric, at timestamptz default '2026-01-01');
  insert into canary (id, word, amount) select n, 'w' || n, n * 1.5 from generate_series(1, 50) n;
  create table customers (id int primary key, name text, country text, tags text[], details jsonb);
  insert into customers select n, 'c' || n, (array['de','fr','it'])[1 + n % 3], array['a','b'], jsonb_build_object('age', n)
    from generate_series(1, 30) n;
  create table orders (id int primary key, customer int references customers, placed date, total numeric);
  insert into orders select n, 1 + n % 30, date '2026-01-01' + n, n * 10 from generate_series(1, 100) n;
  create table parts (id int primary key, parent int, name text);
  insert into parts select n, nullif(n / 2, 0), 'p' || n from generate_series(1, 20) n;
  create sequence numbers;
  create view canary_view as select * from canary;
  create view canary_ruled as select id, word from canary;
  create rule writes as on insert to canary_ruled do instead insert into canary (id, word) values (new.id, new.word);
  create function writes_quietly() returns int language plpgsql as $f$ begin update canary set word = 'gone'; return 1; end $f$;
  create function writes_as_owner() returns int language plpgsql security definer as $f$ begin delete from canary; return 1; end $f$;
  create function runs(text) returns text language plpgsql as $f$ begin execute $1; return 'done'; end $f$;
  create function settings(text, text) returns text language sql as $f$ select set_config($1, $2, false) $f$;
  create procedure proc_writes() language plpgsql as $f$ begin update canary set word = 'gone'; commit; update canary set word = 'more'; end $f$;
  create function stamp() returns trigger language plpgsql as $f$ begin insert into canary (id) values (1000 + new.id); return new; end $f$;
  create trigger stamps before update on orders for each row execute function stamp();
  create function plus_writes(canary) returns int language sql as $f$ select writes_quietly() $f$;
`;

/** Everything that must stay as it is, as one word. */
export async function checksum(client: Client): Promise<string> {
  const { rows } = await client.query(`
    select md5(string_agg(line, E'\\n' order by line)) as sum from (
      select canary::text as line from canary
      union all select orders::text from orders
      union all select customers::text from customers
      union all select relname || relkind::text from pg_class where relnamespace = 'public'::regnamespace
      union all select proname from pg_proc where pronamespace = 'public'::regnamespace
      union all select 'numbers' || last_value || is_called from numbers
      union all select rolname || rolsuper from pg_roles
      union all select 'lo' || count(*) from pg_largeobject_metadata) all_of_it (line)`);
  return rows[0].sum;
}
