/** Of an ErrorResponse's body, which may be cut. https://www.postgresql.org/docs/current/protocol-error-fields.html */
export function errorFields(body: Buffer): { readonly sqlState: string; readonly message: string } {
  const fields = body.toString('utf8').split('\0');
  const field = (type: string) => fields.find((text) => text.startsWith(type))?.slice(1) ?? '';
  return { sqlState: field('C'), message: field('M') };
}
