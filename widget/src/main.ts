/** What the page loads: defines `<answerable-chat>`, and answers the commands that were given before it was there. */

import { type EventName, openPanel, type Panel } from "./panel.ts";
import { subjectOf } from "./shelf.ts";

type Hearer = (detail: unknown) => void;
type Given = Record<string, unknown> | null | undefined;

/** What the page may have put there before: a list of commands, or a function that gathers them in `q`. */
type Stub = { q?: ArrayLike<unknown>[]; push?: unknown };

declare global {
  interface Window {
    Answerable?: unknown;
  }
}

const TAG = "answerable-chat";
const script = document.currentScript as HTMLScriptElement | null;
const hearers = new Map<unknown, Set<Hearer>>();

function emit(name: EventName, detail?: unknown): void {
  // In turns of their own: a mistake of the page must not stop the conversation.
  for (const hearer of hearers.get(name) ?? []) queueMicrotask(() => hearer(detail));
}

class AnswerableChat extends HTMLElement {
  static readonly observedAttributes = ["locale", "identity"];
  panel: Panel | null = null;

  connectedCallback(): void {
    // The script lies at `<server>/widget/answerable.js`.
    const server = this.getAttribute("server") ?? new URL("..", script?.src || location.href).href;
    this.panel = openPanel(this, new URL(server.replace(/\/?$/, "/"), document.baseURI).href, emit);
  }

  disconnectedCallback(): void {
    this.panel?.leave();
    this.panel = null;
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    // A fresh token for the same person changes nothing on the screen.
    if (!this.panel || (name !== "locale" && subjectOf(before) === subjectOf(now))) return;
    this.panel.leave();
    this.connectedCallback();
  }
}

function theElement(): AnswerableChat {
  const found = document.querySelector<AnswerableChat>(TAG);
  if (found) return found;
  const made = document.createElement(TAG) as AnswerableChat;
  document.body.append(made);
  return made;
}

const commands: Record<string, (panel: Panel, given: unknown, hearer: unknown) => void> = {
  open: (panel) => panel.open(),
  close: (panel) => panel.close(),
  show: (panel) => panel.showLauncher(true),
  hide: (panel) => panel.showLauncher(false),
  ask: (panel, text) => panel.ask(`${text ?? ""}`),
  on: (_, name, hearer) => hearers.set(name, (hearers.get(name) ?? new Set()).add(hearer as Hearer)),
  off: (_, name, hearer) => hearers.get(name)?.delete(hearer as Hearer),
  locale: (_, locale) => theElement().setAttribute("locale", `${locale ?? ""}`),
  attributes: (panel, given) => panel.addAttributes(shortened(given as Given)),
  identify: (panel, given) => {
    if (!given) return panel.identify(null);
    const { name, email, attributes } = given as Record<string, unknown>;
    panel.identify({ ...shortened({ name, email }, 200), attributes: shortened(attributes as Given) });
  },
};

// The door takes short texts only; numbers and truths of the page become such.
function shortened(given: Given, most = 500): Record<string, string> {
  const pairs = Object.entries(given ?? {}).filter(([, value]) => value != null);
  return Object.fromEntries(pairs.map(([name, value]) => [name, `${value}`.slice(0, most)]));
}

function perform([name, given, hearer]: ArrayLike<unknown> & Iterable<unknown>): void {
  const command = commands[`${name}`];
  const { panel } = theElement();
  if (command && panel) command(panel, given, hearer);
  else console.warn(`Answerable: no command ${name}`);
}

function begin(): void {
  customElements.define(TAG, AnswerableChat);
  theElement();
  const before = window.Answerable as Stub | undefined;
  const push = (...given: unknown[][]) => given.forEach(perform);
  window.Answerable = Object.assign((...command: unknown[]) => perform(command), { push });
  // Whoever still holds the list from before goes on pushing to it.
  if (before) before.push = push;
  for (const command of Array.isArray(before) ? before : (before?.q ?? [])) perform(Array.from(command));
}

// A page that includes the script twice still has one widget.
if (!customElements.get(TAG)) {
  // Before the end of the page its own element may not be there yet, and a second one would be made.
  if (document.readyState !== "loading") begin();
  else document.addEventListener("DOMContentLoaded", begin);
}
