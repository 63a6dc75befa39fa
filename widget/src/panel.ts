/** The launcher and the panel: what stands on the customer's page. */

import { openChat } from "./chat.ts";
import { CHEVRON, drawList, drawRow, icon, make, set } from "./dom.ts";
import { openDoor } from "./door.ts";
import { openLog } from "./log.ts";
import type { ChatConversationRow, ChatMessage, ChatPage, Suggestion } from "./shapes.ts";
import { openShelf, subjectOf } from "./shelf.ts";
import { fill, wordsIn } from "./strings.ts";
import { css } from "./styles.ts";

export type EventName = "open" | "close" | "message" | "unread" | "identity";

export type Panel = ReturnType<typeof openPanel>;

const NEAR_THE_END_PX = 80;
const ROWS_MAX = 5;
// What this tab remembers while the visitor goes from page to page.
const OPEN = "answerable:open";
const DRAFT = "answerable:draft";

export function openPanel(host: HTMLElement, base: string, emit: (name: EventName, detail?: unknown) => void) {
  const words = wordsIn(host.getAttribute("locale"), ...navigator.languages);
  const identity = () => host.getAttribute("identity");
  const shelf = openShelf(base, subjectOf(identity()));
  const chat = openChat(
    openDoor(
      base,
      () => shelf.get("key")?.token,
      identity,
      emit,
    ),
    shelf,
    draw,
    hear,
  );
  const { seen } = chat;
  const log = openLog(chat, words, ask, startAgain, askForPerson);
  const phone = matchMedia("(max-width: 480px)");
  const leaving = new AbortController();
  let opener: HTMLElement | null = null;
  let wantsPerson = false;
  let unread = 0;
  let homeMark = "";

  const badge = make("span.small badge");
  const launcher = make(
    "button.launcher solid",
    { click: open },
    icon("M21 11.5a8.4 8.4 0 0 1-12.2 7.5L3.5 20.5 5 15.2A8.4 8.4 0 1 1 21 11.5Z"),
    badge,
  );
  const back = make("button.icon", { click: startAgain, "aria-label": words.back }, icon(CHEVRON));
  const title = make("h2", { id: "title" });
  const notice = make("p.small");
  const home = make("div");
  const body = make("div.body");
  const problem = make("p.small problem", { role: "alert" });
  const input = make("textarea", { rows: 1, dir: "auto", input: typed, keydown: typedKey });
  const sendButton = make("button.icon solid send", { "aria-label": words.send }, icon("m5 12 7-7 7 7M12 19V5"));
  const personButton = make("button.small link", { click: askForPerson }, words.person);
  const status = make("div.sr", { role: "status" });
  const panel = make(
    "dialog.panel",
    { "aria-labelledby": "title", tabindex: -1, keydown: pressed, cancel: closeBy },
    make(
      "div.head",
      back,
      make("div", title, notice),
      make("button.icon", { click: close, "aria-label": words.close }, icon("M18 6 6 18M6 6l12 12")),
    ),
    body,
    make("div.foot", problem, make("form.composer", { submit: submitted }, input, sendButton), personButton),
    status,
  );

  // ---- opening and closing

  function open(): void {
    const { activeElement } = document;
    if (!panel.open) {
      opener = activeElement instanceof HTMLElement && activeElement !== host ? activeElement : null;
      unfold();
    }
    // On a touch screen the keyboard would cover what the visitor has opened.
    if (matchMedia("(pointer: coarse)").matches) panel.focus();
    else input.focus();
  }

  function unfold(): void {
    if (phone.matches) panel.showModal();
    // Not `show()`, which would take the focus away from a page that has just been loaded.
    else panel.open = true;
    sessionStorage[OPEN] = 1;
    fit();
    draw();
    chat.nudge();
    void chat.loadRows();
    toEnd();
    emit("open");
  }

  function close(): void {
    if (!panel.open) return;
    const hadFocus = panel.matches(":focus-within");
    panel.close();
    wantsPerson = false;
    delete sessionStorage[OPEN];
    draw();
    const { activeElement } = document;
    const goesBack = opener && opener !== document.body && opener.isConnected;
    if (hadFocus || activeElement === host || activeElement === document.body) (goesBack ? opener : launcher)?.focus();
    emit("close");
  }

  function closeBy(event: Event): void {
    event.preventDefault();
    close();
  }

  function pressed(event: Event): void {
    const { key, isComposing } = event as KeyboardEvent;
    if (key !== "Escape" || isComposing) return;
    event.stopPropagation();
    closeBy(event);
  }

  // While a phone's keyboard is up only a part of the page is to be seen.
  function fit(): void {
    const view = phone.matches ? visualViewport : null;
    panel.style.height = view ? `${view.height}px` : "";
    panel.style.top = view ? `${view.offsetTop}px` : "";
  }

  function showLauncher(isShown: boolean): void {
    if (!isShown) close();
    set(host, { "launcher-hidden": !isShown });
    draw();
  }

  // ---- saying

  /** Opens, and asks it in the conversation that is shown, or in a new one if that one is over. */
  function ask(text: string): void {
    open();
    if (seen.conversation?.status === "resolved") void chat.show(null);
    if (text.trim() && !say(text)) input.value = text;
  }

  function say(text: string, person = false): boolean {
    const bytesMax = seen.config?.message_bytes_max ?? 32 * 1024;
    const isLong = new TextEncoder().encode(text).length > bytesMax;
    problem.textContent = isLong ? fill(words.long, bytesMax >> 10) : "";
    if (isLong) draw();
    else {
      wantsPerson = false;
      chat.say(text.trim(), pageNow(), person);
      toEnd();
    }
    return !isLong;
  }

  function sayTyped(person: boolean): void {
    if (!input.value.trim() || !say(input.value, person)) return;
    input.value = "";
    typed();
    input.focus();
  }

  function typed(): void {
    sessionStorage[DRAFT] = input.value;
    problem.textContent = "";
    draw();
  }

  function typedKey(event: Event): void {
    const { key, shiftKey, isComposing } = event as KeyboardEvent;
    if (key === "Enter" && !shiftKey && !isComposing) submitted(event);
  }

  function submitted(event: Event): void {
    event.preventDefault();
    sayTyped(wantsPerson);
  }

  function askForPerson(): void {
    if (input.value.trim()) return sayTyped(true);
    if (seen.thread) chat.say("", null, true);
    else wantsPerson = true;
    draw();
    toEnd();
    input.focus();
  }

  function startAgain(): void {
    wantsPerson = false;
    void chat.show(null);
    void chat.loadRows();
    open();
  }

  async function showPast(id: string): Promise<void> {
    await chat.show(id);
    toEnd();
    open();
  }

  // Any element of the page may ask: `data-answerable-ask="How do I …?"`.
  function clicked(event: Event): void {
    for (const each of event.composedPath()) {
      const text = each instanceof HTMLElement && each.dataset.answerableAsk;
      if (typeof text !== "string") continue;
      event.preventDefault();
      return ask(text);
    }
  }

  // ---- drawing

  function hear(message: ChatMessage): void {
    emit("message", message);
    if (panel.open) status.replaceChildren(make("p", log.spoken(message)));
  }

  function look(): void {
    const { conversation } = seen;
    const { hidden } = document;
    chat.attend(!hidden && (panel.open || conversation?.status === "open"));
    if (panel.open && !hidden) chat.markSeen();
    const count = chat.unread();
    if (count === unread) return;
    unread = count;
    emit("unread", unread);
  }

  function draw(): void {
    look();
    launcher.hidden = panel.open || host.hasAttribute("launcher-hidden");
    set(launcher, { "aria-label": words.open + (unread ? ` (${unread})` : "") });
    badge.textContent = `${unread || ""}`;
    badge.hidden = !unread;
    if (!panel.open) return;
    drawHead();
    // Before the body, which then knows how much room the foot has left it.
    drawFoot();
    drawBody();
  }

  const isWithRep = () => seen.conversation?.handled_by === "rep" && seen.conversation.status === "open";

  function drawHead(): void {
    const { config, conversation, thread } = seen;
    const rep_name = conversation?.rep_name;
    const who = rep_name ? fill(words.rep, rep_name) : `${words.asked} ${config?.people_notice ?? ""}`;
    back.hidden = !thread;
    title.textContent = config ? fill(words.help, config.company) : words.ask;
    // The first sentence says what it is; the rest is on the home screen.
    notice.textContent = isWithRep() ? who : (config?.ai_notice.split(". ")[0] ?? words.ai);
  }

  function drawBody(): void {
    const isLog = !!seen.thread;
    const shown = isLog ? log.element : home;
    const isAtEnd = body.scrollHeight - body.scrollTop - body.clientHeight < NEAR_THE_END_PX;
    if (isLog) log.show();
    else drawHome();
    if (body.firstChild !== shown) {
      body.replaceChildren(shown);
      body.scrollTop = 0;
    } else if (isAtEnd) toEnd();
    // The whole of an answer is announced by the status line, once it is there.
    set(body, {
      role: isLog && "log",
      "aria-live": isLog && "off",
      "aria-label": isLog && words.past,
      tabindex: isLog && 0,
    });
  }

  function toEnd(): void {
    if (seen.thread) body.scrollTop = body.scrollHeight;
  }

  function drawHome(): void {
    const { config, rows } = seen;
    const { pathname } = location;
    const mark = JSON.stringify([config, rows, pathname]);
    if (mark === homeMark) return;
    homeMark = mark;
    const suggestions = config?.suggestions ?? [];
    const asking = ({ text }: Suggestion) => drawRow(text, ask);
    const past = ({ id, subject, changed_at }: ChatConversationRow) =>
      drawRow(subject, () => void showPast(id), make("time.small", changed_at.slice(0, 10)));
    home.replaceChildren(
      make("h3", { dir: "auto" }, config?.greeting ?? words.about),
      ...drawCard(words.page, suggestions.filter(({ path }) => path && pathname.startsWith(path)).map(asking)),
      ...drawCard(words.often, suggestions.filter(({ path }) => !path).map(asking)),
      ...drawCard(words.past, rows.map(past)),
      make("p.small", config && `${config.ai_notice} ${config.people_notice}`),
    );
  }

  function drawFoot(): void {
    const asksFirst = wantsPerson && !seen.thread;
    const label = asksFirst ? words.about : isWithRep() ? words.write : words.ask;
    set(input, { placeholder: label, "aria-label": label });
    sendButton.disabled = !input.value.trim();
    personButton.hidden = isWithRep() || asksFirst;
    problem.hidden = !problem.textContent;
  }

  // ---- beginning and leaving

  const shadow = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  shadow.adoptedStyleSheets = [sheet];
  shadow.replaceChildren(make("section.root", { lang: words.language, "aria-label": words.open }, launcher, panel));
  input.value = sessionStorage[DRAFT] ?? "";
  const { signal } = leaving;
  addEventListener("online", chat.nudge, { signal });
  addEventListener("storage", () => chat.catchUp(!panel.open || document.hidden), { signal });
  document.addEventListener("visibilitychange", look, { signal });
  document.addEventListener("click", clicked, { signal });
  visualViewport?.addEventListener("resize", fit, { signal });
  visualViewport?.addEventListener("scroll", fit, { signal });
  draw();
  void chat.begin();
  // On a phone the panel would hide the page that the visitor has just gone to.
  if (sessionStorage[OPEN] && !phone.matches) unfold();

  return {
    open,
    close,
    ask,
    showLauncher,
    identify: chat.identify,
    addAttributes: chat.addAttributes,
    leave(): void {
      leaving.abort();
      chat.attend(false);
    },
  };
}

function drawCard(name: string, rows: HTMLElement[]): HTMLElement[] {
  if (!rows.length) return [];
  return [make("div.card", make("h4.small", name), drawList(rows.slice(0, ROWS_MAX)))];
}

// Never the query string: it may hold what the customer would not tell us.
function pageNow(): ChatPage {
  return { title: document.title.slice(0, 300), path: location.pathname.slice(0, 1000) };
}
