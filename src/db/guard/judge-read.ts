import { judgeFunction } from './judge-function.ts';
import { judgeRouting } from './judge-routing.ts';
import { judgeSetting, judgeTransactionModes } from './judge-setting.ts';
import { statementName } from './statement-name.ts';
import {
  asNode,
  asNodes,
  asText,
  constantText,
  nameParts,
  type SyntaxNode,
  typed,
  walk,
} from './syntax-node.ts';

/** What a statement that only reads needs to be looked at for. */
export interface ReadVerdict {
  /** Why it is not sent: `DELETE writes`. */
  readonly problem: string | undefined;
  /** SQL within it that must be judged as well. */
  readonly texts: readonly string[];
  /**
   * It may call what nobody here has seen, a function of the database's own. Every query may: views, operators, casts,
   * generated columns and policies call without a word of it in the text.
   */
  readonly unseen: boolean;
  /** A transaction ends with it. */
  readonly ends: boolean;
}

const passed: ReadVerdict = { problem: undefined, texts: [], unseen: false, ends: false };
const unseen: ReadVerdict = { ...passed, unseen: true };

/** ACCESS SHARE, which every SELECT takes. */
const weakestLock = 1;
/** `InsertStmt` is a type, its `selectStmt` a member. */
const anyStatement = /^[A-Z]\w*Stmt$/;
const data = new Set(['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);

/** Pure: one statement of a session that must not write. What is not known to be harmless is refused. */
export function judgeRead(statement: SyntaxNode): ReadVerdict {
  const [type, node] = typed(statement);
  switch (type) {
    case 'SelectStmt':
    case 'ExecuteStmt':
      return judgeParts(node);
    case 'DeclareCursorStmt':
      return judgeRead(asNode(node.query) ?? {});
    case 'PrepareStmt':
      return judgeRead(asNode(node.query) ?? {});
    case 'FetchStmt':
      return unseen;
    case 'ExplainStmt':
      return judgeExplain(node);
    case 'CopyStmt':
      return judgeCopy(node);
    case 'VariableSetStmt':
      return no(judgeSetting(node));
    case 'TransactionStmt':
      return judgeTransaction(node);
    case 'LockStmt':
      return node.mode === weakestLock ? passed : no('LOCK keeps others waiting');
    case 'DiscardStmt':
      return asText(node.target) === 'DISCARD_ALL'
        ? no('DISCARD ALL takes back what makes the session read-only')
        : passed;
    case 'VariableShowStmt':
    case 'ClosePortalStmt':
    case 'DeallocateStmt':
    case 'ListenStmt':
    case 'UnlistenStmt':
    case 'ConstraintsSetStmt':
      return passed;
    case 'DoStmt':
    case 'CallStmt':
      return no(`${statementName(type)} runs code that can end the transaction and begin another`);
    case 'NotifyStmt':
      return no('applications act on NOTIFY');
    default:
      return no(
        data.has(type) ? `${statementName(type)} writes` : `${statementName(type)} is not for reading`,
      );
  }
}

function judgeExplain(node: SyntaxNode): ReadVerdict {
  const query = asNode(node.query) ?? {};
  const [type, members] = typed(query);
  if (!data.has(type)) return judgeRead(query);
  // Planned and not run; ANALYZE, whatever its value, is not looked into.
  const runs = asNodes(node.options).some((option) => asText(asNode(option.DefElem)?.defname) === 'analyze');
  return runs ? no(`EXPLAIN ANALYZE runs the ${statementName(type)}`) : judgeParts(members, true);
}

function judgeCopy(node: SyntaxNode): ReadVerdict {
  if (node.is_from === true) return no('COPY FROM writes');
  if (node.is_program === true) return no('COPY TO PROGRAM runs a program on the server');
  if (node.filename !== undefined) return no("COPY TO a file writes into the server's files");
  const query = asNode(node.query);
  return query === undefined ? unseen : judgeRead(query);
}

function judgeTransaction(node: SyntaxNode): ReadVerdict {
  const kind = asText(node.kind).replace('TRANS_STMT_', '');
  if (kind === 'BEGIN' || kind === 'START') return no(judgeTransactionModes(asNodes(node.options)));
  if (kind === 'COMMIT' || kind === 'ROLLBACK') return { ...passed, ends: true };
  if (kind === 'SAVEPOINT' || kind === 'RELEASE' || kind === 'ROLLBACK_TO') return passed;
  return no(`${kind.replaceAll('_', ' ')} of a prepared transaction writes`);
}

/** Everything in a query, however deep. `planned`: it is data manipulation that is not run. */
function judgeParts(root: SyntaxNode, planned = false): ReadVerdict {
  let problem: string | undefined;
  const texts: string[] = [];
  walk(root, (member, value) => {
    if (member === 'intoClause') problem ??= 'SELECT INTO makes a table';
    else if (member === 'lockingClause') problem ??= 'SELECT … FOR UPDATE or FOR SHARE locks rows';
    else if (data.has(member) && !planned) problem ??= `${statementName(member)} writes`;
    else if (anyStatement.test(member) && member !== 'SelectStmt' && !data.has(member))
      problem ??= `${statementName(member)} is not for reading`;
    else if (member === 'FuncCall') {
      const found = judgeCall(asNode(value) ?? {});
      problem ??= found.problem;
      texts.push(...found.texts);
    }
    return problem === undefined;
  });
  return { ...unseen, problem, texts };
}

function judgeCall(call: SyntaxNode): {
  readonly problem: string | undefined;
  readonly texts: readonly string[];
} {
  const name = nameParts(call.funcname);
  const args = asNodes(call.args);
  const verdict = judgeFunction(name, args.length);
  const shown = `${name.join('.')}()`;
  if (verdict.kind === 'refused')
    return { problem: `${shown} is not for reading: ${verdict.why}`, texts: [] };
  if (verdict.kind === 'passed') return { problem: undefined, texts: [] };
  if (verdict.kind === 'sets') return { problem: judgeSetConfig(args, shown), texts: [] };
  if (verdict.kind === 'routes') return judgeRouting(args, shown);
  const texts = verdict.places.map((place) => constantText(args[place]));
  const known = texts.filter((text) => text !== undefined);
  const problem = `${shown} runs SQL that is not written there as a constant`;
  return { problem: known.length === texts.length ? undefined : problem, texts: known };
}

/** Some tools set what others SET: pgAdmin bytea_output, pg_dump search_path. */
function judgeSetConfig([name, value]: readonly SyntaxNode[], shown: string): string | undefined {
  const setting = constantText(name);
  if (setting === undefined || constantText(value) === undefined)
    return `${shown} sets something that is not written there as a constant`;
  const problem = judgeSetting({ kind: 'VAR_SET_VALUE', name: setting, args: [value] });
  return problem === undefined ? undefined : `${shown}: ${problem}`;
}

function no(problem: string | undefined): ReadVerdict {
  return problem === undefined ? passed : { ...passed, problem };
}
