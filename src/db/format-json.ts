import { type ResultColumn, type ResultFormat, type ResultRow, typeIds } from './result-format.ts';

/** One document: an array with one object a row. A statement without rows leaves it empty. */
export function jsonFormat(): ResultFormat {
  let objects: (values: ResultRow) => string = () => '{}';
  let rows = 0;
  return {
    manyResults: false,
    begin(columns) {
      objects = objectWriter(columns);
      return '';
    },
    row: (values) => (rows++ === 0 ? '[\n' : ',\n') + objects(values),
    end: () => '',
    close: () => (rows === 0 ? '[]\n' : '\n]\n'),
  };
}

/** One object a line; results of several statements follow each other. */
export function ndjsonFormat(): ResultFormat {
  let objects: (values: ResultRow) => string = () => '{}';
  return {
    manyResults: true,
    begin(columns) {
      objects = objectWriter(columns);
      return '';
    },
    row: (values) => `${objects(values)}\n`,
    end: () => '',
    close: () => '',
  };
}

/**
 * Keys for the columns: a name that comes again gets `_2`, `_3` …, because an object that says the same key twice
 * loses a value in every reader.
 */
export function jsonKeys(columns: readonly ResultColumn[]): string[] {
  const names = new Set(columns.map((column) => column.name));
  const taken = new Set<string>();
  return columns.map(({ name }) => {
    let key = name;
    for (let count = 2; taken.has(key); count++) {
      const candidate = `${name}_${count}`;
      // A column that is really called `a_2` keeps its name.
      if (!names.has(candidate)) key = candidate;
    }
    taken.add(key);
    return key;
  });
}

function objectWriter(columns: readonly ResultColumn[]): (values: ResultRow) => string {
  const heads = jsonKeys(columns).map((key, index) => `${index === 0 ? '{' : ','}${JSON.stringify(key)}:`);
  const writers = columns.map((column) => valueWriter(column.type));
  if (columns.length === 0) return () => '{}';
  return (values) => {
    let text = '';
    for (let index = 0; index < heads.length; index++) {
      const value = values[index];
      text += heads[index];
      text += value === null || value === undefined ? 'null' : (writers[index] ?? JSON.stringify)(value);
    }
    return `${text}}`;
  };
}

/**
 * Numbers stay the server's own digits: a bigint or numeric keeps what a double would lose. What JSON has no number
 * for (NaN, Infinity) is a string.
 */
function valueWriter(type: number): (value: string) => string {
  switch (type) {
    case typeIds.int2:
    case typeIds.int4:
    case typeIds.int8:
    case typeIds.oid:
    case typeIds.float4:
    case typeIds.float8:
    case typeIds.numeric:
      return (value) => (jsonNumber.test(value) ? value : JSON.stringify(value));
    case typeIds.bool:
      return (value) => (value === 't' ? 'true' : value === 'f' ? 'false' : JSON.stringify(value));
    case typeIds.json:
      // Its line ends can only stand between tokens: a string would spell them \n.
      return (value) => value.replace(/[\r\n]+/g, ' ');
    case typeIds.jsonb:
      return (value) => value;
    default:
      return JSON.stringify;
  }
}

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
