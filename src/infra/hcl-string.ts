/**
 * A text as a quoted string of Terraform's language. `${` and `%{` would begin a template there: their first character is
 * written as its number. https://developer.hashicorp.com/terraform/language/expressions/strings
 */
export function hclString(text: string): string {
  return JSON.stringify(text)
    .replaceAll(/[$%](?=\{)/g, number)
    .replaceAll(/\\[\\"]|\\[bf]/g, (short) =>
      // JSON's short forms that HCL does not have.
      short === '\\b' ? '\\u0008' : short === '\\f' ? '\\u000c' : short,
    );
}

const number = (character: string) => `\\u00${character.charCodeAt(0).toString(16)}`;
