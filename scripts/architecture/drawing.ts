/** A picture of boxes and arrows as SVG: no dependency, no font of its own, the same bytes each time. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly kind: 'frame' | 'people' | 'store' | 'machine' | 'target' | 'danger';
  readonly title: string;
  readonly lines: readonly string[];
}

export interface Arrow {
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly kind: 'gives' | 'writes' | 'tells' | 'takes' | 'reads';
  readonly label?: {
    readonly text: string;
    readonly x: number;
    readonly y: number;
    readonly middle?: boolean;
  };
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** For screen readers. */
  readonly title: string;
  readonly description: string;
  readonly boxes: readonly Box[];
  readonly arrows: readonly Arrow[];
  readonly legend: readonly (readonly [Arrow['kind'], string])[];
}

export function renderSvg({ width, height, title, description, boxes, arrows, legend }: Drawing): string {
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description">`,
    `<title id="title">${text(title)}</title>`,
    `<desc id="description">${text(description)}</desc>`,
    `<style>${style}</style>`,
    '<defs>',
    ...kinds.map(
      (kind) =>
        `<marker id="${kind}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path class="head ${kind}" d="M0 0 10 5 0 10z"/></marker>`,
    ),
    '</defs>',
    `<rect class="paper" width="${width}" height="${height}"/>`,
    ...boxes.filter(({ kind }) => kind === 'frame').map(renderBox),
    ...arrows.map(renderArrow),
    ...boxes.filter(({ kind }) => kind !== 'frame').map(renderBox),
    ...arrows.flatMap(renderLabel),
    ...legend.flatMap(([kind, words], index) => renderLegend(kind, words, 30 + index * 226, height - 22)),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

const kinds: readonly Arrow['kind'][] = ['gives', 'writes', 'tells', 'takes', 'reads'];

/** Both schemes are chosen for contrast of 4.5 and more; who prints gets the light one. */
const style = [
  'text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,Helvetica,Arial,sans-serif;fill:#1b1f24}',
  '.title{font-weight:600}.note{font-size:12px;fill:#57606a}.label{font-size:12px}',
  '.paper{fill:#fff}.box{stroke-width:1.2;fill:#fff;stroke:#57606a}.frame{fill:#f6f8fa;stroke:#8c959f;stroke-dasharray:5 4}',
  '.people{fill:#ddf4ff;stroke:#0969da}.store{fill:#fff8c5;stroke:#9a6700}.machine{fill:#fff;stroke:#57606a}',
  '.target{fill:#dafbe1;stroke:#1a7f37}.danger{fill:#ffebe9;stroke:#cf222e}',
  '.line{fill:none;stroke-width:1.8}.halo{fill:#fff;stroke:#fff;stroke-width:4;stroke-linejoin:round}.halo.inside{fill:#f6f8fa;stroke:#f6f8fa}',
  '.line.gives{stroke:#cf222e}.line.writes{stroke:#9a6700}.line.tells{stroke:#57606a;stroke-dasharray:6 4}.line.takes{stroke:#1a7f37}.line.reads{stroke:#0969da}',
  '.head.gives{fill:#cf222e}.head.writes{fill:#9a6700}.head.tells{fill:#57606a}.head.takes{fill:#1a7f37}.head.reads{fill:#0969da}',
  '@media screen and (prefers-color-scheme:dark){text{fill:#e6edf3}.note{fill:#9da7b1}.paper,.machine{fill:#0d1117}.frame{fill:#161b22;stroke:#6e7681}',
  '.people{fill:#0c2d4d;stroke:#58a6ff}.store{fill:#3b2f0b;stroke:#d29922}.machine{stroke:#9da7b1}.target{fill:#0f2d1a;stroke:#3fb950}.danger{fill:#3d1416;stroke:#ff7b72}',
  '.halo{fill:#0d1117;stroke:#0d1117}.halo.inside{fill:#161b22;stroke:#161b22}',
  '.line.gives{stroke:#ff7b72}.line.writes{stroke:#d29922}.line.tells{stroke:#9da7b1}.line.takes{stroke:#3fb950}.line.reads{stroke:#58a6ff}',
  '.head.gives{fill:#ff7b72}.head.writes{fill:#d29922}.head.tells{fill:#9da7b1}.head.takes{fill:#3fb950}.head.reads{fill:#58a6ff}}',
].join('');

function renderBox({ x, y, width, height, kind, title, lines }: Box): string {
  const rows = [
    `<rect class="box ${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>`,
    `<text class="title" x="${x + 12}" y="${y + 21}">${text(title)}</text>`,
    ...lines.map(
      (line, index) => `<text class="note" x="${x + 12}" y="${y + 39 + index * 16}">${text(line)}</text>`,
    ),
  ];
  return `<g>${rows.join('')}</g>`;
}

function renderArrow({ points, kind }: Arrow): string {
  const path = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('');
  return `<path class="line ${kind}" marker-end="url(#${kind})" d="${path}"/>`;
}

/** Twice: the first is what the lines behind it are hidden by. */
function renderLabel({ label }: Arrow): readonly string[] {
  if (label === undefined) return [];
  const at = `x="${label.x}" y="${label.y}"${label.middle === true ? ' text-anchor="middle"' : ''}`;
  return [
    `<text class="label halo inside" aria-hidden="true" ${at}>${text(label.text)}</text>`,
    `<text class="label" ${at}>${text(label.text)}</text>`,
  ];
}

function renderLegend(kind: Arrow['kind'], words: string, x: number, y: number): readonly string[] {
  return [
    `<path class="line ${kind}" marker-end="url(#${kind})" d="M${x} ${y - 4}L${x + 36} ${y - 4}"/>`,
    `<text class="label" x="${x + 46}" y="${y}">${text(words)}</text>`,
  ];
}

const text = (raw: string): string =>
  raw.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
