import { Document, isMap, isPair, isScalar, type Pair, visit } from 'yaml';
import { type Place, plainValue, type Tree } from './config-tree.ts';

/**
 * The merged file as one forge.yaml, `extends` resolved. Each environment is preceded by a comment that says where
 * it comes from.
 */
export function renderConfigYaml(tree: Tree, placeText: (place: Place) => string): string {
  const { extends: _, ...value } = plainValue(tree) as Record<string, unknown>;
  const document = new Document(value, { version: '1.2' });
  const environments = tree.kind === 'map' ? tree.entries.get('environments')?.value : undefined;
  const found = document.get('environments', true);
  if (environments?.kind === 'map' && isMap(found)) {
    for (const pair of found.items as Pair[]) {
      const key = isScalar(pair.key) ? pair.key : undefined;
      const place = environments.entries.get(String(key?.value))?.key;
      if (key !== undefined && place !== undefined) key.commentBefore = ` ${placeText(place)}`;
    }
  }
  quoteAccounts(document);
  return document.toString({ lineWidth: 0 }).trimEnd();
}

/** Digits in double quotes, as the reference writes them. */
function quoteAccounts(document: Document): void {
  visit(document, {
    Scalar(_, node, path) {
      const pair = path.at(-1);
      const isKey = isPair(pair) && pair.key === node;
      if (!isKey && typeof node.value === 'string' && /^\d+$/.test(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
}
