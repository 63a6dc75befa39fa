import type { Command } from "./commands";

type Step = 1 | -1;

/** The keys that go through a list of such things. */
export const listKeys = (thing: string, move: (by: Step) => void): Command[] => [
  { id: "next", title: `Next ${thing}`, group: "Lists", keys: ["j", "ArrowDown"], isKeyOnly: true, run: () => move(1) },
  {
    id: "previous",
    title: `Previous ${thing}`,
    group: "Lists",
    keys: ["k", "ArrowUp"],
    isKeyOnly: true,
    run: () => move(-1),
  },
];

/** From the one that has the focus to the next or the previous one; from outside, to the first. */
export function moveFocus(list: HTMLElement | null, selector: string, by: Step): void {
  const items = [...(list?.querySelectorAll<HTMLElement>(selector) ?? [])];
  const from = items.findIndex((item) => item.contains(document.activeElement));
  const next = from < 0 ? items[0] : items[from + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
