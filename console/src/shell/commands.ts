/** Every command of the console, with its keys: the palette, the list of keys and the keyboard read the same ones. */

import { type RefObject, useEffect, useSyncExternalStore } from "react";
import { hasOverlay } from "./overlays";

/** In the order in which people look for them. */
export const GROUPS = ["Approval", "Conversation", "Lists", "Go to", "View"] as const;

export interface Command {
  id: string;
  title: string;
  group: (typeof GROUPS)[number];
  /** One key such as `e`, two in a row such as `g n`, or with the command key such as `mod+k`. */
  keys?: string[];
  /** Keys work, but the palette does not list it: it makes no sense from there. */
  isKeyOnly?: boolean;
  /** Runs while somebody types. */
  isForTyping?: boolean;
  /** Its keys count only while the focus is in here. */
  within?: RefObject<Element | null>;
  run: () => void;
}

const groups = new Map<symbol, Command[]>();
const listeners = new Set<() => void>();
let all: Command[] = [];

function changed(): void {
  all = [...groups.values()].flat();
  for (const listener of listeners) listener();
}

/** The commands of a screen, for as long as it is shown. */
export function useCommands(commands: Command[]): void {
  useEffect(() => {
    const place = Symbol();
    groups.set(place, commands);
    changed();
    return () => {
      groups.delete(place);
      changed();
    };
  }, [commands]);
}

export function useAllCommands(): Command[] {
  return useSyncExternalStore(subscribe, () => all);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const isMac = /mac|iphone|ipad/i.test(typeof navigator === "undefined" ? "" : navigator.platform);

/** Keys as they are printed on the keyboard in front of the reader. */
export function keysShown(keys: string): string {
  return keys
    .replace("mod+", isMac ? "⌘" : "Ctrl ")
    .replace("ArrowDown", "↓")
    .replace("ArrowUp", "↑")
    .replace(/Enter/i, "↵")
    .replace("Escape", "Esc")
    .replace(/(^|⌘|Ctrl )([a-z])$/, (_, before: string, key: string) => before + key.toUpperCase());
}

const SECOND_KEY_MS = 1200;
let firstKey = { key: "", at: 0 };

/** Runs the command that belongs to a key press, if there is one; the screen shown last wins. */
export function onKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  const target = event.target instanceof Element ? event.target : null;
  const isTyping = target?.closest("input, textarea, select, [contenteditable=true]") !== null && target !== null;
  // A palette that is still on its way has no focus yet: what is typed for it must not resolve a conversation.
  const isOverScreen = hasOverlay() || target?.closest("[role=dialog], [role=menu], [role=listbox]");
  if (isOverScreen && !(event.metaKey || event.ctrlKey)) return;

  const pressed = event.metaKey || event.ctrlKey ? `mod+${event.key.toLowerCase()}` : event.key;
  const sequence = Date.now() - firstKey.at < SECOND_KEY_MS ? `${firstKey.key} ${pressed}` : "";
  const counts = ({ within }: Command) => !within || (target !== null && within.current?.contains(target));
  const command =
    (sequence && all.findLast((one) => one.keys?.includes(sequence))) ||
    all.findLast((one) => one.keys?.includes(pressed) && (!isTyping || one.isForTyping) && counts(one));
  firstKey = { key: isTyping ? "" : pressed, at: Date.now() };
  if (!command || (isTyping && !command.isForTyping)) return;
  event.preventDefault();
  firstKey = { key: "", at: 0 };
  command.run();
}
