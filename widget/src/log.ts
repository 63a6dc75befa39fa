/** Draws what was said in a conversation. */

import { type Chat, joinParts } from "./chat.ts";
import { CHEVRON, drawList, drawRow, icon, link, make, render } from "./dom.ts";
import { plainWords, readMarkdown, safeAddress } from "./markdown.ts";
import type { ChatMessage } from "./shapes.ts";
import type { Outgoing } from "./shelf.ts";
import { fill, type Words } from "./strings.ts";

interface Entry {
  key: string;
  /** What it is drawn from: it is drawn anew only when this differs. */
  from: unknown;
  draw(): HTMLElement;
}

export function openLog(
  chat: Chat,
  words: Words,
  ask: (text: string) => void,
  startAgain: () => void,
  askForPerson: () => void,
) {
  const { seen } = chat;
  const log = make("div.log");
  const drawn = new Map<string, { mark: string; element: HTMLElement }>();
  const openQuotes = new Set<string>();

  function show(): void {
    const entries = listEntries();
    const keys = entries.map(({ key }) => key);
    for (const [key, { element }] of drawn) {
      if (keys.includes(key)) continue;
      element.remove();
      drawn.delete(key);
    }
    entries.forEach(({ key, from, draw }, at) => {
      const mark = JSON.stringify(from);
      const known = drawn.get(key);
      let element = known?.element;
      if (known?.mark !== mark) {
        const focused = known && nameOfFocus(known.element);
        element = draw();
        known?.element.replaceWith(element);
        drawn.set(key, { mark, element });
        if (focused) find(element, focused)?.focus();
      }
      const place = log.children[at] ?? null;
      if (element && element !== place) log.insertBefore(element, place);
    });
  }

  function listEntries(): Entry[] {
    const { conversation, parts, failures, sendingId, isCut } = seen;
    const isMixed = chat.messages().some(({ author }) => author === "rep");
    const last = !chat.outgoing().length && chat.messages().at(-1);
    const entries: Entry[] = chat.messages().map((message) => {
      const quotes = message.citations.map(({ number }) => openQuotes.has(message.id + number));
      const isOpen = message === last;
      const from = [message, quotes, isMixed, conversation?.handled_by, isOpen];
      return { key: keyOf(message), from, draw: () => drawMessage(message, isMixed, isOpen) };
    });
    const line = (key: string, draw: () => HTMLElement) => entries.push({ key, from: key, draw });
    for (const [turn, sentences] of parts) {
      const text = joinParts(sentences);
      entries.push({ key: turn, from: text, draw: () => make("div.reply", drawWords(text)) });
    }
    if (conversation?.agent_is_writing && !parts.size) line("writing", drawWriting);
    for (const item of chat.outgoing()) {
      const from = [item, item.id === sendingId, failures];
      entries.push({ key: item.id, from, draw: () => drawOutgoing(item) });
    }
    // A person takes a while: what was said has arrived all the same.
    const isHeard = conversation?.handled_by === "rep" && chat.messages().at(-1)?.author !== "rep";
    if (isCut) line("cut", () => make("p.small note", words.cut));
    if (conversation?.status === "resolved") line("resolved", drawResolved);
    else if (isHeard) line("asked", () => make("p.small note", words.asked));
    return entries;
  }

  function drawMessage(message: ChatMessage, isMixed: boolean, isOpen: boolean): HTMLElement {
    const { author, name, text, citations, decision, asks } = message;
    if (author === "note") return make("p.small note", { dir: "auto" }, text);
    if (author === "customer") return make("div.mine", drawPlain(text));
    const isRep = author === "rep";
    const said = drawWords(text, message);
    // What may be chosen, as long as nothing else was said; typing it is as good.
    const list = isOpen && asks && said.querySelector("ul:last-child");
    if (list) list.remove();
    return make(
      isRep ? "div.rep" : "div.reply",
      make(isMixed ? "div.small bold" : "div.sr", isRep ? name : words.ai),
      said,
      list && drawList([...list.children].map((each) => drawRow(each.textContent ?? "", ask)), "ul.card"),
      citations.length > 0 && drawSources(message),
      /answer|act/.test(decision ?? "") && drawRating(message),
    );
  }

  function drawWords(text: string, message?: ChatMessage): HTMLElement {
    const nodes = render(readMarkdown(text, message?.author === "rep"), (number) => {
      const source = message?.citations.find((each) => each.number === number);
      // While the sentences still come in, their sources are not known yet.
      if (!message) return make("span.chip bold", `${number}`);
      if (!source) return `[${number}]`;
      const click = () => toggleQuote(message, number, true);
      return make("button.chip bold", { click, "aria-label": labelOf(number, source.title) }, `${number}`);
    });
    return make(message?.author === "rep" ? "div.words bubble" : "div.words", { dir: "auto" }, ...nodes);
  }

  const labelOf = (number: number, title: string) => `${fill(words.source, number)}: ${title}`;

  function drawSources(message: ChatMessage): HTMLElement {
    const rows = message.citations.map(({ number, title, url, quote }) => {
      const isOpen = openQuotes.has(message.id + number);
      const href = url && safeAddress(new URL(url, chat.base).href);
      const click = () => toggleQuote(message, number);
      const props = { click, name: number, "aria-expanded": isOpen, "aria-label": labelOf(number, title) };
      return make(
        "li",
        `${number}.`,
        href ? link("a.title", href, title) : make("span.title", { dir: "auto" }, title),
        quote && make("button.icon", props, icon(CHEVRON)),
        isOpen && make("blockquote", { dir: "auto" }, ...render(readMarkdown(quote), String)),
      );
    });
    return make("ol.small sources", { role: "list" }, ...rows);
  }

  function toggleQuote(message: ChatMessage, number: number, mustOpen = false): void {
    const quote = message.id + number;
    if (!openQuotes.delete(quote) || mustOpen) openQuotes.add(quote);
    show();
    const toggle = find(drawn.get(keyOf(message))?.element, number);
    toggle?.focus();
    toggle?.parentElement?.scrollIntoView({ block: "nearest" });
  }

  function drawRating(message: ChatMessage): HTMLElement {
    const { helpful } = message;
    const choice = (name: "yes" | "no", value: boolean) =>
      make(
        "button.small choice",
        { click: () => void chat.rate(message, value), name, "aria-pressed": helpful === value },
        words[name],
      );
    return make(
      "div.small rate",
      { role: "group", "aria-label": words.did },
      make("span", words.did),
      choice("yes", true),
      choice("no", false),
      helpful !== null && make("span", words.thanks),
      helpful === false &&
        seen.conversation?.handled_by === "agent" &&
        make("button.small link", { click: askForPerson }, words.person),
    );
  }

  function drawOutgoing(item: Outgoing): HTMLElement {
    const { id, text, refused } = item;
    const isSending = id === seen.sendingId;
    const state = refused ? fill(words.failed, refused) : isSending ? "…" : words.waiting;
    return make(
      "div.mine",
      drawPlain(text || words.person),
      make(
        refused ? "div.small problem" : "div.small",
        `${state} `,
        !isSending &&
          (refused || seen.failures > 0) &&
          make("button.small link", { click: () => chat.retry(item) }, words.retry),
        refused && " · ",
        refused && make("button.small link", { click: () => chat.discard(item) }, words.remove),
      ),
    );
  }

  function drawResolved(): HTMLElement {
    return make("div.small note", `${words.resolved} `, make("button.small link", { click: startAgain }, words.again));
  }

  function drawWriting(): HTMLElement {
    return make("p.small", make("span.dot", "● "), words.writing);
  }

  /** A finished message as a screen reader should say it. */
  function spoken({ author, name, text }: ChatMessage): string {
    const who = author === "agent" ? words.ai : name;
    return (who ? `${who}: ` : "") + plainWords(readMarkdown(text));
  }

  return { element: log, show, spoken };
}

// The answer takes the place of its own first sentences.
function keyOf({ author, turn_id, id }: ChatMessage): string {
  return author === "agent" && turn_id ? turn_id : id;
}

function drawPlain(text: string): HTMLElement {
  return make("div.bubble solid", { dir: "auto" }, text);
}

function find(element: HTMLElement | undefined, name: string | number): HTMLElement | null | undefined {
  return element?.querySelector<HTMLElement>(`[name="${name}"]`);
}

function nameOfFocus(element: HTMLElement): string | null | undefined {
  return element.querySelector(":focus")?.getAttribute("name");
}
