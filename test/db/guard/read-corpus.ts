/** What people and their tools read with. All of it runs on the shop of guard-stage.ts, but for what `$1` stands in. */
const analytical = `
select 1
select * from customers
table orders
values (1, 'a'), (2, 'b')
select count(*), count(distinct country), count(*) filter (where country = 'de') from customers
select country, count(*) from customers group by country having count(*) > 3 order by 2 desc nulls last
select country, date_trunc('month', placed), sum(total) from customers c join orders o on o.customer = c.id group by 1, 2
select country, placed, sum(total) from customers c join orders o on o.customer = c.id group by grouping sets ((country), (placed), ())
select country, placed, sum(total), grouping(country, placed) from customers c join orders o on o.customer = c.id group by rollup (country, placed)
select country, extract(year from placed), avg(total) from customers c join orders o on o.customer = c.id group by cube (1, 2)
select id, total, sum(total) over (order by placed) from orders
select id, total, sum(total) over (partition by customer order by placed rows between unbounded preceding and current row) from orders
select id, rank() over w, dense_rank() over w, row_number() over w, ntile(4) over w from orders window w as (partition by customer order by total desc)
select id, lag(total) over w, lead(total, 2, 0::numeric) over w, first_value(total) over w, last_value(total) over w, nth_value(total, 2) over w from orders window w as (order by id)
select id, percent_rank() over (order by total), cume_dist() over (order by total) from orders
select avg(total) over (order by id rows between 3 preceding and 3 following exclude current row) from orders
select avg(total) over (order by placed range between interval '7 days' preceding and current row) from orders
select sum(total) over (order by customer groups between 1 preceding and 1 following) from orders
select percentile_cont(0.5) within group (order by total), percentile_disc(array[0.1, 0.9]) within group (order by total), mode() within group (order by customer) from orders
select stddev(total), variance(total), corr(total, id), regr_slope(total, id), covar_pop(total, id) from orders
select width_bucket(total, 0, 1000, 10) as bucket, count(*), min(total), max(total) from orders group by 1 order by 1
with recursive t(n) as (values (1) union all select n + 1 from t where n < 100) select sum(n) from t
with recursive tree as (select id, parent, name, 1 as depth, array[id] as path from parts where parent is null union all select p.id, p.parent, p.name, depth + 1, path || p.id from parts p join tree t on p.parent = t.id) select * from tree order by path
with recursive g as (select id, parent from parts where id = 1 union select p.id, p.parent from parts p, g where p.parent = g.id) cycle id set is_cycle using path select * from g
with recursive g as (select id, parent from parts where id = 1 union all select p.id, p.parent from parts p, g where p.parent = g.id) search breadth first by id set ord select * from g order by ord
with a as materialized (select * from orders), b as not materialized (select * from customers) select a.id from a join b on a.customer = b.id
with a as (select 1 as x), b as (select x + 1 as x from a), c as (select x * 2 as x from b) select * from a union all select * from b union all select * from c
select * from customers c, lateral (select * from orders o where o.customer = c.id order by total desc limit 3) top
select c.name, o.total from customers c left join lateral (select total from orders where customer = c.id limit 1) o on true
select * from customers c cross join lateral unnest(c.tags) with ordinality as t(tag, n)
select * from customers c where exists (select from orders o where o.customer = c.id and o.total > 500)
select * from customers c where c.id not in (select customer from orders where customer is not null)
select * from customers where id = any (array(select customer from orders))
select * from customers where (id, country) in (select id, 'de' from customers)
select * from customers natural join (select 1 as id) x
select * from customers full outer join orders using (id)
select * from orders a left join orders b on a.id = b.id + 1 and b.total > 10 where b.id is null
select distinct on (customer) * from orders order by customer, placed desc
select * from orders order by id offset 10 rows fetch next 5 rows only
select * from orders order by total fetch first 3 rows with ties
select country from customers intersect select 'de' except all select 'fr'
select case when total > 500 then 'big' when total > 100 then 'middle' else 'small' end as size, count(*) from orders group by 1
select coalesce(nullif(name, ''), 'none'), greatest(1, 2), least(3, 4) from customers
select details ->> 'age', details -> 'age', details #>> '{age}', details @> '{"age": 3}' from customers
select jsonb_path_query(details, '$.age ? (@ > 5)') from customers
select jsonb_agg(jsonb_build_object('id', id, 'name', name) order by id) from customers
select json_object_agg(name, id) from customers
select key, value from customers, jsonb_each(details)
select * from jsonb_to_recordset('[{"a": 1, "b": "x"}]') as t(a int, b text)
select row_to_json(c) from customers c
select to_jsonb(c) - 'details' from customers c
select jsonb_set(details, '{age}', '5') from customers
select jsonb_pretty(details) from customers
select details ? 'age', details ?| array['a', 'age'], details ?& array['age'] from customers
select * from json_table('[{"a": 1}]', '$[*]' columns (a int path '$.a'))
select json_value('{"a": 1}', '$.a'), json_query('{"a": [1]}', '$.a'), json_exists('{"a": 1}', '$.a')
select xmlelement(name a, xmlattributes(1 as b), 'c'), xmlforest(1 as a)
select * from xmltable('/r/x' passing xml '<r><x a="1"/></r>' columns a int path '@a')
select xpath('/a/text()', '<a>1</a>')
select table_to_xml('customers', true, false, '')
select query_to_xml('select count(*) from orders', true, false, '')
select array_agg(id order by id desc), string_agg(name, ', ' order by name), bool_and(id > 0), every(id > 0) from customers
select unnest(tags), array_length(tags, 1), tags[1], tags[1:2], 'a' = any (tags), tags && array['b'], tags || 'c'::text from customers
select array_position(tags, 'b'), array_remove(tags, 'a'), array_to_string(tags, '-'), cardinality(tags) from customers
select generate_series(1, 3), generate_series(date '2026-01-01', date '2026-01-03', interval '1 day')
select d::date, count(o.id) from generate_series(date '2026-01-01', date '2026-03-01', '1 week') d left join orders o on o.placed = d::date group by 1
select now(), current_date, current_timestamp(3), localtime, clock_timestamp(), statement_timestamp(), timeofday()
select age(placed), placed - interval '1 month', placed + 7, to_char(placed, 'YYYY-MM "week" IW'), date_part('dow', placed) from orders
select placed at time zone 'Europe/Berlin', timezone('UTC', now()) from orders
select date_bin('15 minutes', now(), timestamptz '2026-01-01'), make_date(2026, 1, 1), make_interval(days => 3)
select (date '2026-01-01', date '2026-02-01') overlaps (date '2026-01-15', date '2026-03-01')
select daterange('2026-01-01', '2026-02-01') @> date '2026-01-15', int4range(1, 5) * int4range(3, 8)
select '{[1,3), [5,7)}'::int4multirange, range_agg(int4range(id, id + 1)) from orders
select upper(name), lower(name), initcap(name), length(name), substring(name from 2 for 3), position('c' in name), trim(both 'x' from name) from customers
select regexp_replace(name, '(\\d+)', '<\\1>', 'g'), regexp_match(name, '\\d'), name ~* '^C', name similar to 'c%', name ilike 'C1%' from customers
select split_part('a,b', ',', 1), format('%s %I %L', 1, 'x', 'y'), concat_ws('-', 1, 2), left('abc', 2), lpad('1', 3, '0'), md5('x'), repeat('a', 3)
select regexp_split_to_table('a b c', ' '), string_to_array('a,b', ','), translate('abc', 'a', 'x'), overlay('abc' placing 'x' from 1)
select e'a\\tb', U&'\\00e4', $$it's$$, $x$ $$ $x$, 'it''s', B'101', X'1F'
select 'delete from canary; drop table canary' as text, "name" as "insert into" from customers
select $$ update canary set word = 'x' $$ -- delete from canary
/* delete from canary */ select 1 /* nested /* drop table canary */ still */
select encode('abc', 'hex'), decode('6162', 'hex'), sha256('x'), convert_to('x', 'UTF8')
select round(1.5), ceil(1.2), floor(1.8), trunc(1.77, 1), mod(7, 3), power(2, 3), sqrt(2), ln(3), random() < 2, setseed(0.5) is null, 2 ^ 3, |/ 4, @ -5, 7 % 3
select cast('1' as int), '1'::int, 1::text, numeric '1.5', interval '1 day', true::int, '{1,2}'::int[]
select to_tsvector('english', name) @@ to_tsquery('english', 'c1 | c2'), ts_rank(to_tsvector(name), plainto_tsquery('c1')), ts_headline(name, 'c1') from customers
select * from ts_stat('select to_tsvector(name) from customers')
select ts_rewrite('a & b'::tsquery, 'a', 'c')
select gen_random_uuid() is not null, pg_typeof(1), pg_column_size('abc'), pg_size_pretty(pg_relation_size('orders')), pg_total_relation_size('orders') > 0
select inet '10.0.0.1' << inet '10.0.0.0/8', host('10.0.0.1/24'), masklen('10.0.0.0/8')
select point(1, 2) <-> point(3, 4), box '((0,0),(1,1))' @> point '(0.5,0.5)'
select * from orders tablesample bernoulli (50) repeatable (1)
select * from orders tablesample system (50)
select * from rows from (generate_series(1, 3), unnest(array['a', 'b', 'c'])) as t(n, c)
select (c).name from (select c from customers c) x
select (select max(total) from orders where customer = c.id) from customers c
select row(1, 2) = row(1, 2), row(1, null) is distinct from row(1, 2), 1 between symmetric 3 and 0, 'x' is document
select collation for ('a' collate "C"), 'a' < 'B' collate "C"
select current_user, session_user, current_database(), current_schema, current_schemas(true), version(), inet_server_addr(), pg_backend_pid() > 0
select current_setting('work_mem'), current_setting('app.none', true), has_table_privilege('orders', 'select'), pg_has_role('pg_monitor', 'member')
select txid_current_if_assigned(), pg_current_snapshot(), pg_is_in_recovery(), pg_postmaster_start_time() < now(), pg_export_snapshot() is not null
select pg_sleep(0)
select * from canary_view where word like 'w1%'
select only_one.id from only customers only_one
select merge_action from (select 'x' as merge_action) m
select count(*) as "update", sum(total) as "delete" from orders as "drop"
select a.*, b.* from (values (1, 'x')) a(i, t) join (values (1, 2)) b(i, j) using (i)
explain select * from orders
explain (analyze, buffers, format json) select count(*) from orders join customers on customers.id = orders.customer
explain (analyze false) select 1
explain update canary set word = 'x' where id = 1
explain (verbose, costs off) delete from canary
explain (format yaml) insert into canary (id) select id + 100 from orders on conflict do nothing
explain merge into canary c using orders o on c.id = o.id when matched then delete
copy customers to stdout
copy (select * from orders order by id) to stdout with (format csv, header)
copy orders (id, total) to stdout (format binary)
show all
show work_mem
show transaction_read_only
set work_mem = '64MB'
set search_path to public, pg_catalog
set search_path = public
set time zone 'Europe/Berlin'
set timezone = 'UTC'
set local enable_seqscan = off
set datestyle = 'ISO, DMY'
set statement_timeout = '5min'
set extra_float_digits = 3
set application_name = 'report'
set client_encoding to 'UTF8'
set names 'utf8'
set standard_conforming_strings = on
set client_min_messages to warning
set jit = off
set app.tenant = '7'
set default_transaction_read_only = on
set session characteristics as transaction read only
set session characteristics as transaction isolation level repeatable read
set row_security = off
reset work_mem
reset search_path
begin
begin read only
begin transaction isolation level repeatable read read only
start transaction isolation level serializable, read only, deferrable
commit
rollback
end
abort
set transaction isolation level repeatable read, read only
discard plans
discard temp
set constraints all deferred
listen news
unlisten *
deallocate all
select relname, n_live_tup from pg_stat_user_tables
select pid, state, query from pg_stat_activity
select * from pg_settings
select * from pg_locks
select * from pg_stat_database
select * from pg_stat_all_indexes
select * from pg_replication_slots
select * from pg_prepared_statements
select * from pg_cursors
select * from pg_available_extensions
select * from pg_timezone_names limit 3
select * from pg_roles
select * from pg_views where schemaname = 'public'
select * from pg_indexes
select * from information_schema.tables
select * from information_schema.columns where table_name = 'orders'
select * from information_schema.routines
select * from information_schema.table_constraints
select * from information_schema.role_table_grants
select * from information_schema.triggers
select * from information_schema.views
`;

/** As DBeaver, DataGrip, pgAdmin, the JDBC driver and node-postgres send them, on connecting and in their trees. */
const tools = `
SELECT current_schema(), session_user
SELECT n.oid,n.*,d.description FROM pg_catalog.pg_namespace n LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=n.oid AND d.objsubid=0 AND d.classoid='pg_namespace'::regclass ORDER BY nspname
SELECT c.oid,c.*,d.description,pg_catalog.pg_get_expr(c.relpartbound, c.oid) as partition_expr, pg_catalog.pg_get_partkeydef(c.oid) as partition_key FROM pg_catalog.pg_class c LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid AND d.objsubid=0 AND d.classoid='pg_class'::regclass WHERE c.relnamespace=2200 AND c.relkind not in ('i','I','c')
SELECT c.relname,a.*,pg_catalog.pg_get_expr(ad.adbin, ad.adrelid, true) as def_value,dsc.description,dep.objid FROM pg_catalog.pg_attribute a INNER JOIN pg_catalog.pg_class c ON (a.attrelid=c.oid) LEFT OUTER JOIN pg_catalog.pg_attrdef ad ON (a.attrelid=ad.adrelid AND a.attnum = ad.adnum) LEFT OUTER JOIN pg_catalog.pg_description dsc ON (c.oid=dsc.objoid AND a.attnum = dsc.objsubid) LEFT OUTER JOIN pg_depend dep on dep.refobjid = a.attrelid AND dep.deptype = 'i' and dep.refobjsubid = a.attnum WHERE NOT a.attisdropped AND c.relkind not in ('i','I','c') ORDER BY a.attnum
SELECT c.oid,c.*,t.relname as tabrelname,rt.relnamespace as refnamespace,d.description, case when c.contype='c' then "substring"(pg_get_constraintdef(c.oid), 7) else null end consrc_copy FROM pg_catalog.pg_constraint c INNER JOIN pg_catalog.pg_class t ON t.oid=c.conrelid LEFT OUTER JOIN pg_catalog.pg_class rt ON rt.oid=c.confrelid LEFT OUTER JOIN pg_catalog.pg_description d ON d.objoid=c.oid AND d.objsubid=0 AND d.classoid='pg_constraint'::regclass ORDER BY c.oid
SELECT db.oid,db.* FROM pg_catalog.pg_database db WHERE datallowconn AND NOT datistemplate
SELECT t.oid,t.*,c.relkind,format_type(nullif(t.typbasetype, 0), t.typtypmod) as base_type_name, d.description FROM pg_catalog.pg_type t LEFT OUTER JOIN pg_catalog.pg_type et ON et.oid=t.typelem LEFT OUTER JOIN pg_catalog.pg_class c ON c.oid=t.typrelid LEFT OUTER JOIN pg_catalog.pg_description d ON t.oid=d.objoid WHERE t.typname IS NOT NULL AND (c.relkind IS NULL OR c.relkind = 'c') AND (et.typcategory IS NULL OR et.typcategory <> 'C')
select i.*,i.indkey as keys,c.relname,c.relnamespace,c.relam,c.reltablespace,tc.relname as tabrelname,dsc.description,pg_catalog.pg_get_expr(i.indpred, i.indrelid) as pred_expr,pg_catalog.pg_get_expr(i.indexprs, i.indrelid, true) as expr,pg_catalog.pg_relation_size(i.indexrelid) as index_rel_size,pg_catalog.pg_stat_get_numscans(i.indexrelid) as index_num_scans FROM pg_catalog.pg_index i INNER JOIN pg_catalog.pg_class c ON c.oid=i.indexrelid INNER JOIN pg_catalog.pg_class tc ON tc.oid=i.indrelid LEFT OUTER JOIN pg_catalog.pg_description dsc ON i.indexrelid=dsc.objoid
SELECT x.oid,x.*,p.relname,pg_catalog.pg_get_triggerdef(x.oid) as definition FROM pg_catalog.pg_trigger x JOIN pg_catalog.pg_class p ON p.oid = x.tgrelid WHERE NOT x.tgisinternal
SELECT * FROM pg_catalog.pg_enum
SELECT reltype FROM pg_catalog.pg_class WHERE 1<>1 LIMIT 1
SHOW search_path
SHOW TRANSACTION ISOLATION LEVEL
SET application_name = 'DBeaver 24.1.0 - Main'
SET extra_float_digits = 3
SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY
select string_agg(word, ',' order by word) from pg_catalog.pg_get_keywords() where word <> ALL ('{a,abs,absolute}'::text[])
select N.oid::bigint as id, datname as name, D.description from pg_catalog.pg_database N left join pg_catalog.pg_shdescription D on N.oid = D.objoid order by case when datname = pg_catalog.current_database() then -1::bigint else N.oid::bigint end
select case when pg_catalog.pg_is_in_recovery() then null else (pg_catalog.txid_current() % 4294967296)::varchar::bigint end as current_txid
select N.oid::bigint as id, N.xmin as state_number, nspname as name, D.description, pg_catalog.pg_get_userbyid(N.nspowner) as "owner" from pg_catalog.pg_namespace N left join pg_catalog.pg_description D on N.oid = D.objoid order by case when nspname = pg_catalog.current_schema() then -1::bigint else N.oid::bigint end
select version(), current_database(), current_user, inet_client_port()
select round(extract(epoch from pg_postmaster_start_time() at time zone 'UTC')) as startup_time
select T.relkind as kind, T.relname as name, T.oid::bigint, pg_catalog.translate(pg_catalog.pg_get_viewdef(T.oid, true), e'\\n', ' ') from pg_catalog.pg_class T where T.relkind in ('v', 'm') and pg_catalog.age(T.xmin) >= 0
select R.rulename, pg_catalog.pg_get_ruledef(R.oid, true) from pg_catalog.pg_rewrite R
select P.proname, pg_catalog.pg_get_function_arguments(P.oid), pg_catalog.pg_get_function_result(P.oid), pg_catalog.pg_get_functiondef(P.oid) from pg_catalog.pg_proc P where P.prokind = 'f' and P.pronamespace = 'public'::regnamespace
select pg_catalog.pg_get_function_sqlbody(oid), pg_catalog.pg_get_function_arg_default(oid, 1) from pg_catalog.pg_proc limit 3
select R.rolname, pg_catalog.shobj_description(R.oid, 'pg_authid'), R.rolconfig, array(select b.rolname from pg_catalog.pg_auth_members m join pg_catalog.pg_roles b on m.roleid = b.oid where m.member = R.oid) from pg_catalog.pg_roles R
SELECT set_bit('\\x00'::bytea, 0, 1)
SET DateStyle=ISO; SET client_min_messages=notice; SELECT set_config('bytea_output','hex',false) FROM pg_show_all_settings() WHERE name = 'bytea_output'; SET client_encoding='utf-8';
SELECT pg_catalog.set_config('search_path', '', false)
SELECT set_config('statement_timeout', '0', false), set_config('default_transaction_read_only', 'on', false)
SELECT 'session_stats' AS chart_name, pg_catalog.row_to_json(t) AS chart_data FROM (SELECT (SELECT count(*) FROM pg_catalog.pg_stat_activity) AS "Total", (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE state = 'active') AS "Active") t
SELECT db.oid as did, db.datname, db.datallowconn, pg_encoding_to_char(db.encoding) AS serverencoding, has_database_privilege(db.oid, 'CREATE') as cancreate, datistemplate FROM pg_catalog.pg_database db WHERE db.datname = current_database()
SELECT roles.oid as id, roles.rolname as name, roles.rolsuper as is_superuser, CASE WHEN roles.rolsuper THEN true ELSE roles.rolcreaterole END as can_create_role FROM pg_catalog.pg_roles as roles WHERE rolname = current_user
SELECT rel.oid, rel.relname AS name, (SELECT count(*) FROM pg_trigger WHERE tgrelid=rel.oid AND tgisinternal = FALSE) AS triggercount, (rel.relkind = 'p') AS is_partitioned FROM pg_class rel WHERE rel.relkind IN ('r','s','t','p') AND NOT rel.relispartition ORDER BY rel.relname
SELECT pg_catalog.pg_stat_get_live_tuples(c.oid), pg_catalog.pg_table_size(c.oid), pg_catalog.pg_indexes_size(c.oid), pg_catalog.pg_relation_filepath(c.oid), obj_description(c.oid), col_description(c.oid, 1) FROM pg_class c WHERE relname = 'orders'
SELECT NULL AS TABLE_CAT, n.nspname AS TABLE_SCHEM, c.relname AS TABLE_NAME, CASE n.nspname ~ '^pg_' OR n.nspname = 'information_schema' WHEN true THEN 'SYSTEM' ELSE 'TABLE' END AS TABLE_TYPE, d.description AS REMARKS FROM pg_catalog.pg_namespace n, pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_description d ON (c.oid = d.objoid AND d.objsubid = 0 and d.classoid = 'pg_class'::regclass) WHERE c.relnamespace = n.oid AND c.relname LIKE 'ord%'
SELECT * FROM (SELECT n.nspname,c.relname,a.attname,a.atttypid,a.attnotnull OR (t.typtype = 'd' AND t.typnotnull) AS attnotnull,a.atttypmod,a.attlen,t.typtypmod,row_number() OVER (PARTITION BY a.attrelid ORDER BY a.attnum) AS attnum, nullif(a.attidentity, '') as attidentity FROM pg_catalog.pg_namespace n JOIN pg_catalog.pg_class c ON (c.relnamespace = n.oid) JOIN pg_catalog.pg_attribute a ON (a.attrelid=c.oid) JOIN pg_catalog.pg_type t ON (a.atttypid = t.oid) WHERE c.relkind in ('r','p','v','f','m') and a.attnum > 0 AND NOT a.attisdropped) c
SELECT result.TABLE_CAT, result.A_ATTNUM FROM (SELECT NULL AS TABLE_CAT, (information_schema._pg_expandarray(i.indkey)).n AS KEY_SEQ, a.attnum AS A_ATTNUM FROM pg_catalog.pg_class ct JOIN pg_catalog.pg_attribute a ON (ct.oid = a.attrelid) JOIN pg_catalog.pg_index i ON (a.attrelid = i.indrelid)) result
SELECT oid, typname FROM pg_type WHERE typarray <> 0 and oid = any ('{23,25}'::oid[])
SELECT pg_get_serial_sequence('orders', 'id'), pg_get_indexdef(indexrelid, 0, true), pg_index_column_has_property(indexrelid, 1, 'asc') FROM pg_index limit 5
`;

const aggregates =
  'count sum avg min max stddev_pop stddev_samp var_pop var_samp array_agg jsonb_agg json_agg bit_and bit_or any_value';
const windows = 'row_number rank dense_rank percent_rank cume_dist';

const lines = (text: string) => text.split('\n').filter((line) => line !== '');

export const reads: readonly string[] = [
  ...lines(analytical),
  ...lines(tools),
  ...aggregates.split(' ').map((name) => `select customer, ${name}(id) from orders group by customer`),
  ...aggregates.split(' ').map((name) => `select ${name}(id) over (partition by customer) from orders`),
  ...windows.split(' ').map((name) => `select id, ${name}() over (order by total) from orders`),
];

/** Several in a row, as one person sends them over one connection. */
export const sequences: readonly (readonly string[])[] = [
  [
    'prepare p (int) as select * from orders where id = $1',
    'execute p (3)',
    'explain execute p (4)',
    'deallocate p',
  ],
  ['begin; declare c cursor for select * from orders; fetch 5 from c; move 2 in c; close c; commit'],
  ['declare h cursor with hold for select * from orders', 'fetch all from h', 'close h'],
  [
    'begin',
    'savepoint a',
    'select count(*) from orders',
    'rollback to a',
    'release a',
    'commit and chain',
    'rollback',
  ],
  ['begin', 'lock table orders in access share mode', 'select count(*) from orders', 'commit'],
  ['begin; set transaction isolation level repeatable read, read only; select pg_export_snapshot(); commit'],
  ['select 1; select 2;; select 3;'],
  [';', '-- nothing', ''],
];
