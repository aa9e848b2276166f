import { asNode, asNodes, asText, constantText, nameParts, type SyntaxNode } from './syntax-node.ts';

const numbers = new Set(['int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'bool']);

/**
 * Pure: what pgRouting's pgr_…() run as SQL. One takes it first, the next in its second argument or by a name, and all
 * give it to the server as it is: so each text that is written there is read, and what could be one is refused.
 */
export function judgeRouting(
  args: readonly SyntaxNode[],
  shown: string,
): { readonly problem: string | undefined; readonly texts: readonly string[] } {
  const texts: string[] = [];
  for (const arg of args) {
    const value = asNode(asNode(arg.NamedArgExpr)?.arg) ?? arg;
    if (isNumeric(value)) continue;
    const text = constantText(asNode(asNode(value.TypeCast)?.arg) ?? value);
    if (text === undefined) return { problem: notConstant(shown), texts: [] };
    // The side on which they drive: 'b', 'l', 'r'.
    if (!/^[a-z]$/i.test(text)) texts.push(text);
  }
  return { problem: undefined, texts };
}

/** Numbers, truth values, NULL, and arrays, whatever is in them: none is a text. */
function isNumeric(value: SyntaxNode): boolean {
  const constant = asNode(value.A_Const);
  if (constant !== undefined) return asNode(constant.sval) === undefined;
  if (asNode(value.A_ArrayExpr) !== undefined) return true;
  const type = asNode(asNode(value.TypeCast)?.typeName);
  if (type === undefined) return false;
  return asNodes(type.arrayBounds).length > 0 || numbers.has(asText(nameParts(type.names).at(-1)));
}

const notConstant = (shown: string) =>
  `${shown} may run SQL that is not written there as a constant (numbers from elsewhere need a cast: $1::bigint)`;
