import type { PgQueryModule } from 'libpg-query/wasm/libpg-query.js';
import { readParserBinary } from './parser-binary.ts';
import { isCostly } from './parsing-cost.ts';
import { asNode, asNodes, type SyntaxNode } from './syntax-node.ts';

export type Parsed =
  /** One node for each statement, such as `{SelectStmt: …}`; none for an empty text. */
  | { readonly statements: readonly SyntaxNode[] }
  /** It can't be parsed: a sentence without its full stop. */
  | { readonly problem: string; readonly kind: 'syntax' | 'limit' };

/** 1 MiB of SQL takes up to a second, and nothing else happens meanwhile. */
export const longestParsed = 1024 * 1024;
/** The parser's memory only grows: 128 MiB at first. */
const mostMemory = 256 * 1024 * 1024;

/**
 * PostgreSQL 18's own parser, with its memory in a sandbox of WebAssembly. Whatever happens in there, a call comes to
 * an end and the next one works: an instance that has thrown is not used again.
 */
export class SqlParser {
  readonly #create: () => Promise<PgQueryModule>;
  #module: PgQueryModule | undefined;
  #replacing: Promise<void> | undefined;

  private constructor(create: () => Promise<PgQueryModule>, module: PgQueryModule) {
    this.#create = create;
    this.#module = module;
  }

  static async load(): Promise<SqlParser> {
    const [{ default: factory }, wasmBinary] = await Promise.all([
      import('libpg-query/wasm/libpg-query.js'),
      readParserBinary(),
    ]);
    const create = () => factory({ wasmBinary, print: () => {}, printErr: () => {} });
    return new SqlParser(create, await create());
  }

  /** At once nearly always; a Promise while a new instance is made. Never throws for any text. */
  parse(sql: string): Parsed | Promise<Parsed> {
    if (sql.length > longestParsed)
      return limit(`forge reads statements of up to ${longestParsed / 1024} KiB`);
    if (isCostly(sql)) return limit('it has too many comments, or too long operators, for its length');
    // The parser would stop there.
    if (sql.includes('\0')) return { problem: 'it has a NUL in it', kind: 'syntax' };
    const module = this.#module;
    if (module !== undefined) return this.#parseWith(module, sql);
    this.#replacing ??= this.#create().then((made) => {
      this.#module = made;
      this.#replacing = undefined;
    });
    return this.#replacing.then(() => this.parse(sql));
  }

  #parseWith(module: PgQueryModule, sql: string): Parsed {
    try {
      const tree = parseTree(module, sql);
      if (module.HEAPU8.length > mostMemory) this.#module = undefined;
      return tree;
    } catch {
      // The stack was not deep enough, or memory not large enough, and the instance is in the middle of something.
      this.#module = undefined;
      return limit('it is nested too deeply, or too large');
    }
  }
}

function parseTree(module: PgQueryModule, sql: string): Parsed {
  const bytes = Buffer.from(`${sql}\0`);
  const text = module._malloc(bytes.length);
  if (text === 0) throw new Error('out of memory');
  module.HEAPU8.set(bytes, text);
  const result = module._wasm_parse_query_raw(text);
  if (result === 0) throw new Error('out of memory');
  // struct PgQueryParseResult: parse_tree, stderr_buffer, error; struct PgQueryError begins with its message.
  const tree = module.getValue(result, 'i32');
  const error = module.getValue(result + 8, 'i32');
  const problem = error === 0 ? undefined : module.UTF8ToString(module.getValue(error, 'i32'));
  const json = error === 0 ? module.UTF8ToString(tree) : '';
  module._wasm_free_parse_result(result);
  module._free(text);
  if (problem !== undefined) {
    const kind = /^(memory exhausted|stack depth|out of memory)/.test(problem) ? 'limit' : 'syntax';
    return { problem: kind === 'limit' ? 'it is nested too deeply, or too large' : problem, kind };
  }
  const statements = asNodes(asNode(JSON.parse(json))?.stmts).map((raw) => asNode(raw.stmt));
  if (statements.some((statement) => statement === undefined)) throw new Error('not a tree');
  return { statements: statements.filter((statement) => statement !== undefined) };
}

function limit(problem: string): Parsed {
  return { problem, kind: 'limit' };
}
