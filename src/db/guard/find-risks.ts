import { statementName } from './statement-name.ts';
import { asNode, asNodes, asText, nameParts, type SyntaxNode, typed, walk } from './syntax-node.ts';

const changes = new Set(['UpdateStmt', 'DeleteStmt', 'MergeStmt']);
const data = new Set([...changes, 'InsertStmt']);
const asks = /^(Drop\w*|Dropdb|Truncate|Alter\w*|Rename|ReassignOwned|Cluster)Stmt$/;

/**
 * What is asked about before it is done in production: each a few words, `DELETE FROM orders without WHERE`. Pure. That
 * a WHERE leaves any row out only the server knows; for those that can't, there is the ceiling of rows. `anyNumbers`:
 * also those that it would have with other numbers in it (`n % 2 = n % 3`).
 */
export function findRisks(statement: SyntaxNode, anyNumbers = false): readonly string[] {
  const [type, node] = typed(statement);
  if (type === 'ExplainStmt') {
    const inner = typed(asNode(node.query));
    const runs = asNodes(node.options).some(
      (option) => asText(asNode(option.DefElem)?.defname) === 'analyze',
    );
    if (!runs) return [];
    const uncounted = data.has(inner[0])
      ? [`EXPLAIN ANALYZE runs the ${statementName(inner[0])}, uncounted`]
      : [];
    return [...uncounted, ...findRisks(asNode(node.query) ?? {}, anyNumbers)];
  }
  if (asks.test(type)) return [`${statementName(type)}${objects(node)}`];
  if (type === 'DoStmt') return ['DO runs code that forge does not see into'];
  if (type === 'CallStmt') return ['CALL runs code that forge does not see into'];
  if (type === 'VacuumStmt' && hasOption(node, 'full'))
    return ['VACUUM FULL locks the table and writes it anew'];
  const risks: string[] = [];
  walk(statement, (member, value) => {
    const members = asNode(value) ?? {};
    if (changes.has(member)) risks.push(...openChange(member, members, anyNumbers));
    if (member === 'ctes') for (const cte of asNodes(value)) risks.push(...uncounted(cte, type));
    return true;
  });
  return risks;
}

/** UPDATE and DELETE on all rows alike. */
function openChange(type: string, node: SyntaxNode, anyNumbers: boolean): readonly string[] {
  const table = asText(asNode(node.relation)?.relname);
  const what = type === 'DeleteStmt' ? `DELETE FROM ${table}` : `${statementName(type)} ${table}`;
  if (type === 'MergeStmt')
    return isConstant(node.joinCondition, anyNumbers) ? [`MERGE INTO ${table} on all rows alike`] : [];
  if (node.whereClause === undefined) return [`${what} without WHERE`];
  return isConstant(node.whereClause, anyNumbers)
    ? [`${what} with a WHERE that is the same for all rows`]
    : [];
}

/** The tag of a statement counts the rows that its own last part changes. */
function uncounted(cte: SyntaxNode, type: string): readonly string[] {
  const [inner] = typed(asNode(asNode(cte.CommonTableExpr)?.ctequery));
  if (!data.has(inner)) return [];
  return [`${statementName(inner)} within WITH, which the rows of the ${statementName(type)} don't show`];
}

/** No column in it, or one side of an OR without any, or the same on both sides: `WHERE true OR id = 1`, `id = id`. */
function isConstant(condition: unknown, anyNumbers: boolean): boolean {
  const [type, node] = typed(asNode(condition));
  if (type === 'CurrentOfExpr') return false;
  if (type === 'BoolExpr') {
    const args = asNodes(node.args);
    const constant = (one: unknown) => isConstant(one, anyNumbers);
    return asText(node.boolop) === 'OR_EXPR' ? args.some(constant) : args.every(constant);
  }
  const [left, right] = [bare(node.lexpr, anyNumbers), bare(node.rexpr, anyNumbers)];
  if (type === 'A_Expr' && node.rexpr !== undefined && left === right) return true;
  let column = false;
  walk([condition], (member) => {
    if (member === 'ColumnRef' || member === 'CurrentOfExpr') column = true;
    return !column;
  });
  return !column;
}

/** Without where it stands, and with `anyNumbers` without its numbers. */
function bare(node: unknown, anyNumbers: boolean): string {
  const left = (member: string) =>
    member === 'location' || (anyNumbers && (member === 'ival' || member === 'fval'));
  return JSON.stringify(node, (member, value: unknown) => (left(member) ? undefined : value)) ?? '';
}

function hasOption(node: SyntaxNode, name: string): boolean {
  return asNodes(node.options).some((option) => asText(asNode(option.DefElem)?.defname) === name);
}

/** What a DROP, TRUNCATE, ALTER names. */
function objects(node: SyntaxNode): string {
  const names = [
    asText(asNode(node.relation)?.relname),
    ...asNodes(node.relations).map((one) => asText(asNode(one.RangeVar)?.relname)),
    ...asNodes(node.objects).map((one) =>
      [...nameParts(asNode(one.List)?.items), asText(asNode(one.String)?.sval)].filter(Boolean).join('.'),
    ),
    asText(node.dbname),
  ].filter(Boolean);
  return names.length === 0 ? '' : ` of ${names.join(', ')}`;
}
