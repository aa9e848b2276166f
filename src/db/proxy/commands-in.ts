/** Between words; a comment may stand there, too. Bounded, or a long text would cost more than its length. */
const gap = String.raw`(?:\s|/\*[^*]{0,300}\*/|--[^\n\r]{0,300}[\n\r]){1,300}`;
const name = String.raw`[\w.]{1,200}`;
const command = new RegExp(
  [
    `\\b(?:drop|truncate)\\b(?:${gap}(?:table|view|schema|database|only|if|exists|materialized)\\b)*(?:${gap}${name})?`,
    `\\balter${gap}table(?:${gap}(?:if|exists|only)\\b)*(?:${gap}${name})?`,
    `\\b(?:delete${gap}from|insert${gap}into|merge${gap}into)(?:${gap}only\\b)?(?:${gap}${name})?`,
    `\\bupdate${gap}(?:only${gap})?${name}${gap}set\\b`,
    '\\b(?:alter|create|delete|insert|update|merge|grant|revoke|copy|call|do|execute|select)\\b',
  ].join('|'),
  'gi',
);

/**
 * Which commands, on which tables, the text could hold, each once and in order: words alone, wherever they stand, for
 * text of which nobody knows what in it is a constant.
 */
function commandsIn(sql: string): readonly string[] {
  const found = new Set<string>();
  for (const [text] of sql.matchAll(command))
    found.add(text.replaceAll(new RegExp(gap, 'g'), ' ').toLowerCase());
  return [...found];
}

/** With the commands of `hidden` that can't be read there, each once. */
export function withCommands(shown: string, hidden: string): string {
  const told = new Set(commandsIn(shown));
  const more = commandsIn(hidden).filter((one) => !told.has(one));
  return more.length === 0 ? shown : `${shown} /* in what is masked: */ ${more.join('; ')}`;
}
