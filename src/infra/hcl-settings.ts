/** Arguments of a block as `terraform fmt` lays them out. */
export function hclSettings(
  pairs: readonly (readonly [name: string, value: string])[],
  indent: string = '  ',
): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${indent}${name.padEnd(width)} = ${value}`).join('\n');
}
