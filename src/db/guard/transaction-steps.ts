import { asNode, asNodes, asText, type SyntaxNode, typed } from './syntax-node.ts';

/**
 * What a statement is to the ceiling of rows. `few`: an INSERT whose rows stand in it; their number is known.
 * `restart`: a transaction that ends and begins again (AND CHAIN).
 */
export type Step =
  | { readonly kind: 'begin' | 'commit' | 'rollback' | 'savepoint' | 'write' | 'other' }
  | { readonly kind: 'commit' | 'rollback'; readonly restart: true }
  | { readonly kind: 'few'; readonly rows: number };

/** Pure. */
export function stepOf(statement: SyntaxNode): Step {
  const [type, node] = typed(statement);
  switch (type) {
    case 'TransactionStmt':
      return transactionStep(node);
    case 'InsertStmt': {
      const values = asNode(asNode(node.selectStmt)?.SelectStmt)?.valuesLists;
      const plain = node.withClause === undefined;
      if (node.selectStmt === undefined) return { kind: 'few', rows: 1 };
      return plain && Array.isArray(values)
        ? { kind: 'few', rows: asNodes(values).length }
        : { kind: 'write' };
    }
    case 'UpdateStmt':
    case 'DeleteStmt':
    case 'MergeStmt':
    // What was prepared may have been anything.
    case 'ExecuteStmt':
      return { kind: 'write' };
    case 'CopyStmt':
      return { kind: node.is_from === true ? 'write' : 'other' };
    default:
      return { kind: 'other' };
  }
}

function transactionStep(node: SyntaxNode): Step {
  const kind = asText(node.kind).replace('TRANS_STMT_', '');
  if (kind === 'BEGIN' || kind === 'START') return { kind: 'begin' };
  if (kind === 'SAVEPOINT') return { kind: 'savepoint' };
  if (kind === 'PREPARE') return { kind: 'commit' };
  if (kind !== 'COMMIT' && kind !== 'ROLLBACK') return { kind: 'other' };
  const ended = kind === 'COMMIT' ? 'commit' : 'rollback';
  return node.chain === true ? { kind: ended, restart: true } : { kind: ended };
}
