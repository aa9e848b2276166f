/** Programs say the same again and again. */
const most = 1_000;
const longest = 4_096;

/**
 * What was found about texts, by the text, and for some also by its shape: the text without its numbers. Of a text
 * without names in quotes, escapes and dollars another number makes no other tokens, so the tree differs in constants
 * only.
 */
export class KnownTexts<Finding> {
  readonly #known = new Map<string, Finding>();

  find(sql: string): { readonly finding: Finding } | undefined {
    const found = this.#lookUp(sql);
    if (found !== undefined) return found;
    const shape = shapeOf(sql);
    return shape === undefined ? undefined : this.#lookUp(shape);
  }

  /** `anyNumbers`: it is the same whatever numbers stand there. */
  add(sql: string, finding: Finding, anyNumbers: boolean): Finding {
    if (sql.length > longest) return finding;
    if (this.#known.size >= most) this.#known.clear();
    this.#known.set((anyNumbers ? shapeOf(sql) : undefined) ?? sql, finding);
    return finding;
  }

  #lookUp(key: string): { readonly finding: Finding } | undefined {
    const finding = this.#known.get(key);
    return finding === undefined ? undefined : { finding };
  }
}

/** The NUL, which no text has, keeps shapes apart from texts. */
function shapeOf(sql: string): string | undefined {
  if (sql.length > longest || /["\\$]/.test(sql)) return undefined;
  return `\0${sql.replace(/(?<![\w.])\d+(?:\.\d+)?(?![\w.])/g, '0')}`;
}
