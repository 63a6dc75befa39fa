/** What the visitor's browser keeps for one server, shared by all of its tabs. */

import type { ChatPage, CustomerKey, NewCustomer } from "./shapes.ts";

/** Something the customer did that the server has not acknowledged yet. */
export interface Outgoing {
  /** Also the idempotency key: sending it twice is harmless. */
  id: string;
  /** The conversation's id, or a name that begins with `new-` until the server has given one. */
  thread: string;
  /** Empty where only a person is asked for. */
  text: string;
  person: boolean;
  page: ChatPage | null;
  at: number;
  /** The server's sentence, where it will not take it. */
  refused?: string;
}

export interface Kept {
  key: CustomerKey;
  who: NewCustomer;
  /** Who was signed in by the page. */
  subject: string;
  /** The conversation that the widget shows. */
  thread: string;
  /** The last message that was looked at. */
  seen: { thread: string; number: number };
}

export type Shelf = ReturnType<typeof openShelf>;

/** Opened for whoever the page says is there; what somebody else left is forgotten, what a visitor left stays. */
export function openShelf(base: string, subject: string) {
  const prefix = `answerable:${base}:`;
  const out = `${prefix}out:`;
  let box = openBox();

  function read<T>(name: string): T | null {
    try {
      return JSON.parse(box[name] ?? "null");
    } catch {
      return null;
    }
  }

  function write(name: string, value: unknown): void {
    const text = JSON.stringify(value);
    try {
      box[name] = text;
    } catch {
      // The browser's storage is full: from here on this page remembers by itself.
      box = { ...box, [name]: text };
    }
  }

  const namesFrom = (start: string) => Object.keys(box).filter((name) => name.startsWith(start));

  /** In the order in which it was said. */
  const outbox = () =>
    namesFrom(out)
      .map((name) => read<Outgoing>(name))
      .filter((item) => item !== null)
      .sort((one, other) => one.at - other.at);

  // One entry each, so that two tabs that write at once cannot lose each other's words.
  const put = (item: Outgoing) => write(out + item.id, item);

  const shelf = {
    prefix,
    outbox,
    put,
    take: (id: string) => delete box[out + id],
    has: (id: string) => out + id in box,
    get: <Name extends keyof Kept>(name: Name) => read<Kept[Name]>(prefix + name),
    set<Name extends keyof Kept>(name: Name, value: Kept[Name] | null): void {
      if (value) write(prefix + name, value);
      else delete box[prefix + name];
    },
    /** The server has given a thread its id, or has lost it. */
    rename(thread: string, to: string): void {
      for (const item of outbox()) if (item.thread === thread) put({ ...item, thread: to });
    },
    /** Forgets everything but who the visitor is. */
    clear(): void {
      for (const name of namesFrom(prefix)) if (name !== `${prefix}who`) delete box[name];
    },
  };
  if ((shelf.get("subject") ?? subject) !== subject) shelf.clear();
  shelf.set("subject", subject);
  return shelf;
}

/** Of whom an identity token speaks; of nobody if it cannot be read. The server looks whether it is true. */
export function subjectOf(token: string | null): string {
  try {
    const [, claims] = (token as string).split(".");
    return JSON.parse(atob((claims as string).replace(/[-_]/g, (sign) => (sign === "-" ? "+" : "/")))).sub;
  } catch {
    return "";
  }
}

/** The browser's storage, or something like it on pages for which the browser keeps nothing. */
function openBox(): Record<string, string> {
  try {
    // Some apps that show pages have none at all.
    return localStorage ?? {};
  } catch {
    return {};
  }
}
