/** The package's own types are of its other entrance, which loads the parser when it is imported, and only once. */
declare module 'libpg-query/wasm/libpg-query.js' {
  /** What of the compiled parser is used. Pointers are offsets into its memory. */
  export interface PgQueryModule {
    readonly HEAPU8: Uint8Array;
    _malloc(size: number): number;
    _free(pointer: number): void;
    /** Of a text that ends with a NUL. 0 without memory. */
    _wasm_parse_query_raw(text: number): number;
    _wasm_free_parse_result(result: number): void;
    getValue(pointer: number, type: 'i32'): number;
    UTF8ToString(pointer: number): string;
  }
  const create: (options: {
    readonly wasmBinary: Uint8Array;
    readonly print: (text: string) => void;
    readonly printErr: (text: string) => void;
  }) => Promise<PgQueryModule>;
  export default create;
}
