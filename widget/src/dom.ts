/** Builds elements. Nothing here ever reads HTML from a string, so a page with Trusted Types lets it be. */

import type { Part } from "./markdown.ts";

type Value = string | number | boolean | null | undefined;
export type Props = Record<string, Value | ((event: Event) => void)>;
type Child = Node | string | null | undefined | false;
type TagOf<Name extends string> = Name extends `${infer Tag}.${string}` ? Tag : Name;
type ElementOf<Name extends string> =
  TagOf<Name> extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[TagOf<Name>] : HTMLElement;

/** Of a tag and its classes, as in `p.small note`; `props` may be left out. */
export function make<Name extends string>(name: Name, props?: Props | Child, ...children: Child[]): ElementOf<Name> {
  const [tag = "", classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  if (!props || typeof props === "string" || props instanceof Node) children.unshift(props);
  else set(element, props);
  element.append(...children.filter((child): child is Node | string => !!child));
  return element as ElementOf<Name>;
}

/** Functions become listeners, everything else attributes; null and false leave an attribute out. */
export function set(element: Element, props: Props): void {
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === false || value == null) element.removeAttribute(name);
    else element.setAttribute(name, `${value}`);
  }
}

export function link(name: `a${string}`, href: string, ...children: Child[]): HTMLElement {
  return make(name, { href, target: "_blank", rel: "noreferrer", dir: "auto" }, ...children);
}

const SVG = "http://www.w3.org/2000/svg";

/** A line drawing on a field of 24 by 24. */
export function icon(line: string): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  set(svg, { viewBox: "0 0 24 24", "aria-hidden": true });
  set(path, { d: line });
  svg.append(path);
  return svg;
}

export const CHEVRON = "m9 18 6-6-6-6";

/** A line of a list that can be clicked, which gives its text. */
export function drawRow(text: string, click: (text: string) => void, ...others: Node[]): HTMLElement {
  return make(
    "li",
    make("button.row", { click: () => click(text) }, make("span", { dir: "auto" }, text), ...others, icon(CHEVRON)),
  );
}

export function drawList(rows: HTMLElement[], name: "ul" | "ul.card" = "ul"): HTMLElement {
  return make(name, { role: "list" }, ...rows);
}

/** What Markdown became, as elements; `cite` draws the number of a source. */
export function render(parts: Part[], cite: (number: number) => Node | string): (Node | string)[] {
  return parts.map((part) => {
    if (typeof part === "string") return part;
    const { tag, of, to = "" } = part;
    if (tag === "cite") return cite(Number(to));
    const children = render(of, cite);
    if (tag === "a") return link(tag, to, ...children);
    const element = make(tag, { start: tag === "ol" && to }, ...children);
    // Wide things scroll by themselves, and the keyboard must be able to scroll them.
    return /table|pre/.test(tag) ? make("div.wide", { tabindex: 0 }, element) : element;
  });
}
