export type TemplateNames = Readonly<Record<string, string | readonly string[]>>;

/**
 * A JSON template with its names filled in, as Terraform's `templatefile` fills the same file: `${name}` in a text is the name's
 * text (in a key, too), an element of an array that is exactly `"${name}"` may be a list and then is its elements, `$${x}` is the text `${x}`.
 * Terraform writes into the JSON's text, so what would be another text there (a quote, a line break) is refused here.
 * Throws on an unknown name, an empty list, a list within a text, and every other template syntax: all are mistakes of the files.
 */
export function fillTemplate(template: unknown, names: TemplateNames): unknown {
  if (typeof template === 'string') return fillText(template, names);
  if (Array.isArray(template)) return template.flatMap((element) => fillElement(element, names));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) => [fillText(key, names), fillTemplate(value, names)]),
  );
}

function fillElement(element: unknown, names: TemplateNames): readonly unknown[] {
  const name = typeof element === 'string' ? /^\$\{([a-z_]+)\}$/.exec(element)?.[1] : undefined;
  const value = name === undefined ? undefined : names[name];
  if (value === undefined || typeof value === 'string') return [fillTemplate(element, names)];
  if (value.length === 0) throw new Error(`the template's list ${name} is empty`);
  return value.map(plain);
}

function fillText(text: string, names: TemplateNames): string {
  if (/\$\$\$|%\{/.test(text)) throw new Error(`no template syntax: ${text}`);
  return text.replace(/(\$?)\$\{([^}]*)(\}?)/g, (_, escaped: string, name: string, end: string) => {
    if (escaped) return `\${${name}${end}`;
    const value = /^[a-z_]+$/.test(name) && end ? names[name] : undefined;
    if (typeof value !== 'string') throw new Error(`the template's ${text} wants a text for ${name}`);
    return plain(value);
  });
}

function plain(value: string): string {
  if (JSON.stringify(value) !== `"${value}"`) throw new Error(`a template can't be filled with ${value}`);
  return value;
}
