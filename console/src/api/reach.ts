/** Whether the server can be reached: who notices it says so here, and who waits for it hears of it here. */

const listeners = new Set<(isThere: boolean) => void>();
let isThere = true;

/** Heard only when it differs from what was said before. */
export function tellReach(now: boolean): void {
  if (now === isThere) return;
  isThere = now;
  for (const listener of [...listeners]) listener(now);
}

/** Call what it gives to hear no more. */
export function onReach(listener: (isThere: boolean) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
