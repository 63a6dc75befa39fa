/** Which of the shell's own overlays is open: the palette, the list of keys, or the menu of a narrow screen. */

import { useSyncExternalStore } from "react";

export type Overlay = "palette" | "keys" | "menu" | null;

const listeners = new Set<() => void>();
let open: Overlay = null;

export function show(overlay: Overlay): void {
  open = overlay;
  for (const listener of listeners) listener();
}

export const openPalette = () => show("palette");
export const openKeys = () => show("keys");
export const openMenu = () => show("menu");

/** Menus of a screen stand within its landmark, where screen readers look for them. */
export const mainPlace = () => document.getElementById("main");

/** Whether one is open, or on its way. */
export const hasOverlay = () => open !== null;

export function useOverlay(): Overlay {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => open,
  );
}
