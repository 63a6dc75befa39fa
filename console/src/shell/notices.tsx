/** Short messages: said once to screen readers, and shown for a while where the eye should see them too. */

import { CircleAlert, CircleCheck, Info, X } from "lucide-react";
import { type ReactNode, useSyncExternalStore } from "react";
import { Problem } from "../api/client";

interface Notice {
  id: number;
  text: string;
  tone: "good" | "plain" | "bad";
}

const TONES: Record<Notice["tone"], ReactNode> = {
  good: <CircleCheck className="i good" aria-hidden="true" />,
  plain: <Info className="i" aria-hidden="true" />,
  bad: <CircleAlert className="i bad" aria-hidden="true" />,
};
const SHOWN_MS = 6000;
const listeners = new Set<() => void>();
let state: { spoken: string; shown: Notice[] } = { spoken: "", shown: [] };
let lastId = 0;

function set(next: Partial<typeof state>): void {
  state = { ...state, ...next };
  for (const listener of listeners) listener();
}

/** Says it to screen readers, once. */
export function announce(text: string): void {
  // The same words twice in a row would not be read again: a trailing space makes them new.
  set({ spoken: state.spoken === text ? `${text} ` : text });
}

export function notify(text: string, tone: Notice["tone"] = "good"): void {
  lastId += 1;
  const id = lastId;
  set({ shown: [...state.shown.slice(-2), { id, text, tone }] });
  announce(text);
  setTimeout(() => dismiss(id), SHOWN_MS);
}

/** What a person reads of an error. */
export const sentenceOf = (error: unknown): string =>
  error instanceof Problem ? error.message : "Something in the console went wrong.";

export function notifyProblem(error: unknown): void {
  notify(sentenceOf(error), "bad");
}

const dismiss = (id: number) => set({ shown: state.shown.filter((notice) => notice.id !== id) });

export function Notices() {
  const { spoken, shown } = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
  return (
    <>
      <div className="sr" role="status" aria-live="polite">
        {spoken}
      </div>
      <section className="notices" aria-label="Notices">
        {shown.map((notice) => (
          <div key={notice.id} className="notice">
            {TONES[notice.tone]}
            <span dir="auto">{notice.text}</span>
            <button type="button" className="btn ghost sm icon" aria-label="Dismiss" onClick={() => dismiss(notice.id)}>
              <X className="i i-14" aria-hidden="true" />
            </button>
          </div>
        ))}
      </section>
    </>
  );
}
