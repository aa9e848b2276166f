import { isMap, isSeq, type Node } from 'yaml';
import type { Kubeconfig } from './parse-kubeconfig.ts';
import { startOf, TextPlaces } from './text-places.ts';
import { kubectlStyle, type YamlStyle } from './yaml-text.ts';

/** From the first list that has something in it; what it does not show is done as kubectl does. */
export function detectStyle({ text, root }: Pick<Kubeconfig, 'text' | 'root'>): YamlStyle {
  const eol = /\r?\n/.exec(text)?.[0] === '\r\n' ? '\r\n' : '\n';
  const style = { ...kubectlStyle, eol } as const;
  const places = new TextPlaces(text);
  const column = (node: unknown) => places.column(startOf((node as Node | null) ?? undefined));
  const rootColumn = column(root?.items[0]?.key);
  if (root?.flow === true) {
    const unit = rootColumn > 1 ? rootColumn : 2;
    return { ...style, step: unit };
  }
  for (const name of ['clusters', 'users', 'contexts']) {
    const list = root?.get(name);
    if (!isSeq(list) || list.flow === true) continue;
    const item = list.items.find((candidate) => isMap(candidate) && candidate.flow !== true);
    const dashColumn = column(list);
    const dash = Math.max(0, dashColumn - rootColumn);
    if (!isMap(item)) return { ...style, dash };
    const keyColumn = column(item.items[0]?.key);
    const inner = item.items.map(({ value }) => value).find((value) => isMap(value) && value.flow !== true);
    const step = isMap(inner) ? column(inner.items[0]?.key) - keyColumn : style.step;
    return {
      ...style,
      dash,
      afterDash: keyColumn - dashColumn > 0 ? keyColumn - dashColumn : style.afterDash,
      step: step > 0 ? step : style.step,
    };
  }
  return style;
}
