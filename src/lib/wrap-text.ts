/**
 * Breaks lines at spaces so that none is longer than `width`, where words allow. A line that does not end a sentence
 * flows into the next one, so that source text may be broken anywhere; indented lines stay as they are.
 */
export function wrapText(text: string, width: number): string {
  const paragraphs: string[] = [];
  let open = false;
  for (const line of text.split('\n')) {
    if (open && line !== '' && !line.startsWith(' ')) paragraphs.push(`${paragraphs.pop()} ${line}`);
    else paragraphs.push(line);
    open = line !== '' && !line.startsWith(' ') && !/[.:!?]$/.test(line);
  }
  return paragraphs.map((paragraph) => wrapLine(paragraph, width)).join('\n');
}

function wrapLine(line: string, width: number): string {
  if (line.startsWith(' ') || line.length <= width) return line;
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current);
      current = word;
    } else current = current === '' ? word : `${current} ${word}`;
  }
  return [...lines, current].join('\n');
}
