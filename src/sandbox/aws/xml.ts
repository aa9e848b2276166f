/** Just enough XML to answer query APIs. Undefined elements are left out, as AWS does. */
export type XmlValue = string | number | boolean | undefined | XmlElements | XmlList;
export interface XmlElements {
  readonly [name: string]: XmlValue;
}
/** `<Parent><item>…</item><item>…</item></Parent>` */
export interface XmlList {
  readonly item: string;
  readonly values: readonly XmlValue[];
}

export function xmlList(item: string, values: readonly XmlValue[]): XmlList {
  return { item, values };
}

export function renderXml(elements: XmlElements): string {
  return Object.entries(elements)
    .map(([name, value]) => element(name, value))
    .join('');
}

function element(name: string, value: XmlValue): string {
  if (value === undefined) return '';
  if (typeof value !== 'object') return `<${name}>${escapeXml(String(value))}</${name}>`;
  const inner = isList(value)
    ? value.values.map((entry) => element(value.item, entry)).join('')
    : renderXml(value);
  return `<${name}>${inner}</${name}>`;
}

function isList(value: XmlElements | XmlList): value is XmlList {
  return typeof value.item === 'string' && Array.isArray(value.values);
}

function escapeXml(text: string): string {
  return (
    text
      // Characters that XML 1.0 cannot carry at all.
      .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll('\r', '&#xD;')
  );
}
