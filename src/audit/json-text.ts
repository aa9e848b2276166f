/** A text as JSON, ready to be written: what stands between its quotes where that is ASCII, else all bytes of it. */
export type JsonText = string | Buffer;

/** What JSON writes in another way, and what is not one byte. */
const special = /[^ !#-[\]-~]/;
const beyondAscii = /[^ -~]/;

/** Most SQL needs no escapes: to look for them takes a third of the time of JSON.stringify. */
export function jsonText(text: string): JsonText {
  if (!special.test(text)) return text;
  const json = JSON.stringify(text);
  return beyondAscii.test(json) ? Buffer.from(json) : json.slice(1, -1);
}

/** All bytes of it, made once for what comes again and again. */
export const jsonBytes = (text: JsonText): Buffer =>
  typeof text === 'string' ? Buffer.from(`"${text}"`, 'latin1') : text;
