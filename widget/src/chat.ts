/** The widget's memory: what was said, what waits to be sent, and who is there. Knows nothing of the screen. */

import { type Door, isFinal } from "./door.ts";
import type {
  ChatConfig,
  ChatConversation,
  ChatConversationRow,
  ChatMessage,
  ChatPage,
  ConversationChanged,
  NewCustomer,
  Received,
  ReplyPart,
} from "./shapes.ts";
import type { Outgoing, Shelf } from "./shelf.ts";
import { pauseMs, type ServerEvent } from "./stream.ts";

/** What the screen draws. */
export interface Seen {
  config: ChatConfig | null;
  rows: ChatConversationRow[];
  /** The conversation that is shown; begins with `new-` until the server knows it. */
  thread: string | null;
  conversation: ChatConversation | null;
  /** Sentences of replies that are still being written, by turn. */
  parts: Map<string, string[]>;
  /** The item that is on its way just now. */
  sendingId: string | null;
  /** How many times in a row the server could not be reached with what waits. */
  failures: number;
  /** The connection is cut, and the first attempt to mend it failed too. */
  isCut: boolean;
}

export type Chat = ReturnType<typeof openChat>;

/** `changed` is called when something that may be on the screen is different, `heard` when a reply or note came in. */
export function openChat(door: Door, shelf: Shelf, changed: () => void, heard: (message: ChatMessage) => void) {
  const seen: Seen = {
    config: null,
    rows: [],
    thread: shelf.get("thread"),
    conversation: null,
    parts: new Map(),
    sendingId: null,
    failures: 0,
    isCut: false,
  };
  let after = "0";
  let isAttended = false;
  let line: AbortController | null = null;
  let held: ChatMessage[] = [];
  let flushing: Promise<void> | null = null;
  let retrying: ReturnType<typeof setTimeout> | undefined;
  let wake: () => void = () => undefined;

  const outgoing = () => shelf.outbox().filter(({ thread }) => thread === seen.thread);
  const nextOut = () => shelf.outbox().find(({ refused }) => !refused);
  const messages = () => seen.conversation?.messages ?? [];
  const unread = () => {
    const last = shelf.get("seen");
    const from = last && last.thread === seen.thread ? last.number : 0;
    return messages().filter(({ author, number }) => number > from && /agent|rep/.test(author)).length;
  };

  async function begin(): Promise<void> {
    await Promise.all([load(), flush()]);
  }

  async function loadConfig(): Promise<void> {
    // The screen does without while the server is away, and asks again when it is opened again.
    seen.config ??= await door.config().catch(() => null);
    changed();
  }

  async function loadRows(): Promise<void> {
    if (shelf.get("key") ?? shelf.get("subject")) seen.rows = await door.conversations().catch(() => seen.rows);
    changed();
  }

  /** Shows another conversation; none leads to the beginning. */
  async function show(thread: string | null): Promise<void> {
    if (thread !== seen.thread || !seen.conversation) {
      turnTo(thread);
      changed();
      await load();
    }
  }

  function turnTo(thread: string | null): void {
    hangUp();
    seen.thread = thread;
    seen.conversation = null;
    seen.isCut = false;
    seen.parts.clear();
    shelf.set("thread", thread);
  }

  async function load(): Promise<void> {
    const id = seen.thread;
    if (id?.startsWith("new-") && !outgoing().length) return show(null);
    if (!id || id.startsWith("new-")) return;
    for (let attempt = 0; seen.thread === id && !seen.conversation; attempt++) {
      try {
        const conversation = await door.conversation(id);
        if (seen.thread !== id) return;
        seen.conversation = conversation;
        after = `${conversation.last_event_id}`;
        seen.isCut = false;
        void listen();
      } catch (error) {
        if (isFinal(error)) {
          if (error.status === 401) shelf.set("key", null);
          return show(null);
        }
        seen.isCut = true;
        changed();
        await pause(attempt);
      }
    }
    changed();
  }

  // ---- listening

  /** Somebody may be looking: keep listening. Or nobody is: a hidden page holds no connection. */
  function attend(now: boolean): void {
    isAttended = now;
    if (!now) hangUp();
    else if (!line) void listen();
  }

  function hangUp(): void {
    line?.abort();
    line = null;
    wake();
  }

  async function listen(): Promise<void> {
    const id = seen.conversation?.id;
    if (!id || !isAttended) return;
    line?.abort();
    line = new AbortController();
    const { signal } = line;
    for (let attempt = 0; !signal.aborted; attempt++) {
      const opened = () => {
        attempt = 0;
        seen.isCut = false;
        changed();
      };
      try {
        await door.listen(id, after, { signal, opened, heard: (event) => signal.aborted || hear(event) });
      } catch (error) {
        if (signal.aborted) return;
        if (isFinal(error)) {
          // The place where we left off is gone: take the conversation as it now is.
          turnTo(id);
          return load();
        }
        seen.isCut = attempt > 0;
        changed();
      }
      await pause(attempt);
    }
  }

  function pause(attempt: number): Promise<void> {
    return new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, pauseMs(attempt));
    });
  }

  function hear({ id, event, data }: ServerEvent): void {
    if (id) after = id;
    const content = JSON.parse(data);
    if (event === "message") hearMessage(content);
    if (event === "reply_part") hearPart(content);
    if (event === "conversation") hearChange(content);
    changed();
  }

  function hearMessage(message: ChatMessage): void {
    const isOwn = message.author === "customer";
    // Our own words may come back before they are acknowledged; they wait, or they would stand there twice.
    if (isOwn && seen.sendingId) return void held.push(message);
    const isNew = !messages().some(({ id }) => id === message.id);
    if (!isOwn && message.turn_id) seen.parts.delete(message.turn_id);
    keep(message);
    if (isNew && !isOwn) heard(message);
  }

  function hearPart({ turn_id, index, text }: ReplyPart): void {
    if (isAnswered(turn_id)) return;
    const parts = seen.parts.get(turn_id) ?? [];
    parts[index] = text;
    seen.parts.set(turn_id, parts);
  }

  function hearChange(change: ConversationChanged): void {
    if (seen.conversation) seen.conversation = { ...seen.conversation, ...change };
    if (change.handled_by === "rep") seen.parts.clear();
  }

  const isAnswered = (turn: string | null) =>
    messages().some(({ author, turn_id }) => author === "agent" && turn_id === turn);

  function keep(message: ChatMessage): void {
    if (!seen.conversation) return;
    const others = messages().filter(({ id }) => id !== message.id);
    seen.conversation.messages = [...others, message].sort((one, other) => one.number - other.number);
  }

  // ---- sending

  /** Says something, or asks for a person, or both. Kept at once, sent as soon as that is possible. */
  function say(text: string, page: ChatPage | null, person = false): void {
    const id = newId();
    if (!seen.thread) turnTo(`new-${id}`);
    // Two messages of the same millisecond keep their order.
    const at = Math.max(Date.now(), (shelf.outbox().at(-1)?.at ?? 0) + 1);
    shelf.put({ id, thread: seen.thread ?? "", text, person, page, at });
    changed();
    nudge();
  }

  /** The network may be back, or somebody has begun to look. */
  function nudge(): void {
    wake();
    if (isAttended) void loadConfig();
    void flush();
  }

  function retry(item: Outgoing): void {
    shelf.put({ ...item, refused: "" });
    nudge();
  }

  function discard({ id }: Outgoing): void {
    shelf.take(id);
    changed();
    void load();
  }

  /** Sends what waits, in order, one tab at a time. */
  function flush(): Promise<void> {
    flushing ??= exclusively(`${shelf.prefix}outbox`, sendAll).finally(() => {
      flushing = null;
      // Something may have been said while the last one was being acknowledged.
      if (!retrying && nextOut()) void flush();
    });
    return flushing;
  }

  async function sendAll(): Promise<void> {
    const renewed = new Set<string>();
    clearTimeout(retrying);
    retrying = undefined;
    for (let item = nextOut(); item && !retrying; item = nextOut()) {
      const { id, thread } = item;
      try {
        seen.sendingId = id;
        changed();
        await send(item);
        seen.failures = 0;
      } catch (error) {
        const status = isFinal(error) && error.status;
        if (!shelf.has(id)) {
          // Somebody else has signed in meanwhile, and it is forgotten.
        } else if (/401|404/.test(`${status}`) && !renewed.has(id)) {
          // The server does not know this visitor, or this conversation, any more: say it in a new one.
          renewed.add(id);
          if (status === 401) shelf.set("key", null);
          shelf.rename(thread, `new-${id}`);
          if (seen.thread === thread) turnTo(`new-${id}`);
        } else if (isFinal(error)) {
          shelf.put({ ...item, refused: error.message });
        } else {
          // Where words get through, the stream does too.
          retrying = setTimeout(nudge, pauseMs(++seen.failures));
        }
      }
      seen.sendingId = null;
      for (const message of held.splice(0)) keep(message);
      changed();
    }
  }

  async function send({ id, thread, text, person, page }: Outgoing): Promise<void> {
    if (!shelf.get("key")) {
      const who = shelf.get("who") ?? {};
      const key = await door.makeCustomer(who);
      // Somebody else may have signed in meanwhile; then these words are forgotten with everything else.
      if (!shelf.has(id)) return;
      shelf.set("key", key);
    }
    let conversationId = thread;
    if (text) {
      const known = thread.startsWith("new-") ? null : thread;
      const received = await door.send({ text, conversation_id: known, page }, id);
      conversationId = received.conversation_id;
      shelf.rename(thread, conversationId);
      if (seen.thread === thread) settle(received, person);
    }
    if (person) {
      const conversation = await door.askForPerson(conversationId);
      // Its messages come by the stream.
      if (seen.thread === conversationId) seen.conversation = { ...conversation, messages: messages() };
    }
    shelf.take(id);
  }

  function settle({ conversation_id: id, message, turn_id, last_event_id }: Received, person: boolean): void {
    shelf.set("thread", id);
    seen.thread = id;
    if (!seen.conversation) {
      after = `${last_event_id}`;
      seen.conversation = {
        id,
        subject: message.text,
        status: "open",
        handled_by: turn_id ? "agent" : "rep",
        agent_is_writing: false,
        rep_name: null,
        last_event_id,
        messages: [],
        changed_at: message.created_at,
      };
    }
    keep(message);
    seen.conversation.status = "open";
    if (turn_id && !person && !isAnswered(turn_id)) seen.conversation.agent_is_writing = true;
    if (!line) void listen();
  }

  // ---- the rest

  async function rate(message: ChatMessage, helpful: boolean): Promise<void> {
    keep(await door.rate(message.id, helpful).catch(() => message));
    changed();
  }

  function markSeen(): void {
    const number = messages().at(-1)?.number;
    if (seen.thread && number && unread()) shelf.set("seen", { thread: seen.thread, number });
  }

  /** Says who the visitor is. Another person must not see what the last one said: then everything is forgotten. */
  function identify(who: NewCustomer | null): void {
    const before = shelf.get("who");
    const isSame = markOf(before) === markOf(who);
    shelf.set("who", who && { ...who, attributes: { ...(isSame && before?.attributes), ...who.attributes } });
    if (isSame) return;
    shelf.clear();
    reset();
  }

  function addAttributes(attributes: Record<string, string>): void {
    const who = shelf.get("who");
    shelf.set("who", { ...who, attributes: { ...who?.attributes, ...attributes } });
  }

  /** Begins again from what the browser keeps. */
  function reset(): void {
    seen.rows = [];
    turnTo(shelf.get("thread"));
    changed();
    void begin();
  }

  /** Another tab has changed what the browser keeps. */
  function catchUp(mayFollow: boolean): void {
    if (seen.conversation && !shelf.get("key")) return reset();
    const wasSentElsewhere = seen.thread?.startsWith("new-") && !outgoing().length;
    const thread = shelf.get("thread");
    if (thread !== seen.thread && (mayFollow || wasSentElsewhere)) void show(thread);
    changed();
  }

  return {
    base: door.base,
    seen,
    outgoing,
    messages,
    unread,
    begin,
    loadRows,
    show,
    attend,
    say,
    nudge,
    retry,
    discard,
    rate,
    markSeen,
    identify,
    addAttributes,
    catchUp,
  };
}

/** The sentences so far as one text; the server may or may not have kept the spaces between them. */
export function joinParts(parts: readonly string[]): string {
  return parts.reduce((text, part) => (/\S$/.test(text) && /^\S/.test(part) ? `${text} ${part}` : text + part), "");
}

function markOf(who: NewCustomer | null): string {
  return (who?.email ?? who?.name ?? "").trim().toLowerCase();
}

function newId(): string {
  // `randomUUID` exists only on secure pages.
  return [...crypto.getRandomValues(new Uint32Array(4))].join("-");
}

async function exclusively(name: string, act: () => Promise<void>): Promise<void> {
  // Some pages, such as sandboxed frames, have locks that always refuse.
  await (navigator.locks?.request(name, act).catch(act) ?? act());
}
