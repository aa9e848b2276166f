/**
 * Of the tree that the parser makes: members as PostgreSQL's parsenodes.h has them. A node whose type is not known from
 * where it stands is an object with one member that names its type: `{FuncCall: {funcname: [{String: {sval: 'now'}}]}}`.
 * What is false, 0, empty or NULL is left out.
 */
export interface SyntaxNode {
  readonly [member: string]: unknown;
}

export function asNode(value: unknown): SyntaxNode | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as SyntaxNode)
    : undefined;
}

export function asNodes(value: unknown): readonly SyntaxNode[] {
  return Array.isArray(value) ? value.filter((one) => asNode(one) !== undefined) : [];
}

export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Type and members of a node that names its type. */
export function typed(node: SyntaxNode | undefined): readonly [string, SyntaxNode] {
  for (const [type, members] of Object.entries(node ?? {})) {
    const found = asNode(members);
    if (found !== undefined) return [type, found];
  }
  return ['', {}];
}

/** `visit` sees each member that is a node or a list, in no order; what it answers with false is not gone into. */
export function walk(root: unknown, visit: (member: string, value: unknown) => boolean): void {
  // Trees are as deep as a person, or a generator, makes them: no recursion.
  const open: unknown[] = [root];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (Array.isArray(next)) {
      for (const one of next) if (typeof one === 'object' && one !== null) open.push(one);
      continue;
    }
    for (const [member, value] of Object.entries(next as SyntaxNode))
      if (typeof value === 'object' && value !== null && visit(member, value)) open.push(value);
  }
}

/** `{A_Const: {sval: {sval: 'x'}}}`, `{A_Const: {ival: {ival: 1}}}`, `{A_Const: {boolval: {boolval: true}}}` as text. */
export function constantText(node: SyntaxNode | undefined): string | undefined {
  const constant = asNode(node?.A_Const);
  if (constant === undefined || constant.isnull === true) return undefined;
  const text = asNode(constant.sval);
  if (text !== undefined) return asText(text.sval);
  const whole = asNode(constant.ival);
  if (whole !== undefined) return String(whole.ival ?? 0);
  const truth = asNode(constant.boolval);
  if (truth !== undefined) return truth.boolval === true ? 'true' : 'false';
  return undefined;
}

/** A name with or without schemas, as the parser has it: a list of String nodes. */
export function nameParts(list: unknown): readonly string[] {
  return asNodes(list).map((part) => asText(asNode(part.String)?.sval));
}
