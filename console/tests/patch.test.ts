import { type InfiniteData, QueryClient } from "@tanstack/react-query";
import { beforeEach, expect, test } from "vitest";
import { applyEvent, type Writing, withRow, writingKey } from "../src/api/patch";
import { conversationQuery, inboxQuery, traceQuery } from "../src/api/queries";
import type { ConversationDetail, Inbox, InboxRow, MessageCard, RunCard, SpanCard } from "../src/api/types";

const MAYA = "rep_maya";

function row(id: string, at: string, patch: Partial<InboxRow> = {}): InboxRow {
  return {
    id,
    subject: `About ${id}`,
    customer: { id: `cus_${id}`, name: "Ines", email: null, identity: "verified", attributes: {}, created_at: at },
    proved_until: null,
    surface: "chat",
    status: "open",
    handled_by: "agent",
    waiting_on: "agent",
    assignee_id: null,
    assignee_name: null,
    why: null,
    last_text: "",
    last_author: "customer",
    strip: [],
    agent_is_writing: false,
    approvals: [],
    waiting_since: at,
    changed_at: at,
    ...patch,
  };
}

const message = (id: string, number: number, patch: Partial<MessageCard> = {}): MessageCard => ({
  id,
  number,
  author: "customer",
  rep_id: null,
  rep_name: null,
  text: id,
  turn_id: "trn_1",
  run_id: null,
  decision: null,
  confidence: null,
  reason: null,
  citations: [],
  page: null,
  helpful: null,
  created_at: "2026-03-03T10:00:00Z",
  ...patch,
});

const pages = (...items: InboxRow[][]): InfiniteData<Inbox, string | null> => ({
  pages: items.map((rows, place) => ({ items: rows, next: place < items.length - 1 ? String(place) : null })),
  pageParams: items.map(() => null),
});
const ids = (data: InfiniteData<Inbox, string | null>) => data.pages.map((page) => page.items.map((one) => one.id));

let client: QueryClient;
beforeEach(() => {
  client = new QueryClient({ defaultOptions: { queries: { retry: false, queryFn: () => null } } });
});

test("A conversation that changes moves to the top of its list", () => {
  const list = pages([row("a", "2026-03-03T10:05Z"), row("b", "2026-03-03T10:04Z")], [row("c", "2026-03-03T10:03Z")]);
  expect(ids(withRow(list, row("c", "2026-03-03T10:06Z"), "all", true))).toEqual([["c", "a", "b"], []]);
});

test("A conversation that does not belong any more leaves the list", () => {
  const list = pages([row("a", "2026-03-03T10:05Z"), row("b", "2026-03-03T10:04Z")]);
  expect(ids(withRow(list, row("a", "2026-03-03T10:06Z"), "all", false))).toEqual([["b"]]);
});

test("Older news about a conversation changes nothing", () => {
  const list = pages([row("a", "2026-03-03T10:05Z")]);
  expect(withRow(list, row("a", "2026-03-03T10:01Z"), "all", false)).toBe(list);
});

test("In a search, a conversation that was not found does not appear", () => {
  const list = pages([row("a", "2026-03-03T10:05Z")]);
  expect(withRow(list, row("new", "2026-03-03T10:09Z"), "all", true, true)).toBe(list);
});

test("A conversation older than all that is loaded waits for its page", () => {
  const list = pages([row("a", "2026-03-03T10:05Z")]);
  const first = list.pages[0] as Inbox;
  const open = { ...list, pages: [{ ...first, next: "more" }] };
  expect(ids(withRow(open, row("old", "2026-03-01T10:00Z"), "all", true))).toEqual([["a"]]);
});

test("Who needs a person stands longest-waiting first, and keeps the place when more is said", () => {
  const a = row("a", "2026-03-03T10:01Z");
  const list = pages([a, row("c", "2026-03-03T10:03Z")], [row("d", "2026-03-03T10:04Z")]);

  const withB = withRow(list, row("b", "2026-03-03T10:02Z"), "needs_you", true);
  expect(ids(withB)).toEqual([["a", "b", "c"], ["d"]]);
  const saidMore = { ...a, changed_at: "2026-03-03T10:09Z", last_text: "Hello?" };
  expect(ids(withRow(withB, saidMore, "needs_you", true))).toEqual([["a", "b", "c"], ["d"]]);
  expect(ids(withRow(withB, row("e", "2026-03-03T10:05Z"), "needs_you", true))).toEqual([
    ["a", "b", "c"],
    ["d", "e"],
  ]);
});

test("A hand-off goes from With AI to Needs you by itself", () => {
  client.setQueryData(inboxQuery("with_ai").queryKey, pages([row("a", "2026-03-03T10:05Z")]));
  client.setQueryData(inboxQuery("needs_you").queryKey, pages([]));

  const handedOver = row("a", "2026-03-03T10:06Z", { handled_by: "rep", waiting_on: "rep" });
  applyEvent(client, MAYA, { kind: "conversation", conversation_id: "a", content: handedOver });

  expect(client.getQueryData(inboxQuery("with_ai").queryKey)?.pages[0]?.items).toEqual([]);
  expect(client.getQueryData(inboxQuery("needs_you").queryKey)?.pages[0]?.items).toEqual([handedOver]);
});

test("A step of a run that is not known yet brings the run", () => {
  const { queryKey } = conversationQuery("a");
  client.setQueryData(queryKey, { row: row("a", "2026-03-03T10:05Z"), runs: [] } as unknown as ConversationDetail);
  const span = { id: "s1", number: 1 } as SpanCard;
  const content = { run_id: "run_1", turn_id: "trn_1", span };
  applyEvent(client, MAYA, { kind: "step", conversation_id: "a", content });
  expect(client.getQueryState(queryKey)?.isInvalidated).toBe(true);
});

test("A conversation that another rep has is not one that needs me", () => {
  client.setQueryData(inboxQuery("needs_you").queryKey, pages([]));
  const samirs = row("a", "2026-03-03T10:06Z", { handled_by: "rep", waiting_on: "rep", assignee_id: "rep_samir" });
  applyEvent(client, MAYA, { kind: "conversation", conversation_id: "a", content: samirs });
  expect(client.getQueryData(inboxQuery("needs_you").queryKey)?.pages[0]?.items).toEqual([]);
});

test("Parts of a reply are put together in order, also when one comes twice, and go when the reply is there", () => {
  const { queryKey } = conversationQuery("a");
  client.setQueryData(queryKey, {
    row: row("a", "2026-03-03T10:05Z"),
    messages: [message("m1", 1)],
    runs: [],
  } as unknown as ConversationDetail);
  const say = (index: number, text: string) =>
    applyEvent(client, MAYA, { kind: "reply_part", conversation_id: "a", content: { turn_id: "trn_1", index, text } });
  say(0, "It ");
  say(1, "wrks.");
  say(1, "works.");
  expect(client.getQueryData<Writing>(writingKey("a"))).toEqual({ turnId: "trn_1", parts: ["It ", "works."] });

  const reply = message("m2", 2, { author: "agent", text: "It works." });
  for (const _ of [1, 2]) applyEvent(client, MAYA, { kind: "message", conversation_id: "a", content: reply });
  expect(client.getQueryData(writingKey("a"))).toBeNull();
  expect(client.getQueryData(queryKey)?.messages.map((one) => one.id)).toEqual(["m1", "m2"]);
});

test("Steps join the trace that is open, in their order, once", () => {
  const run = { id: "run_1" } as RunCard;
  client.setQueryData(traceQuery("run_1").queryKey, { run, spans: [] });
  const step = (id: string, number: number) =>
    applyEvent(client, MAYA, {
      kind: "step",
      conversation_id: "a",
      content: { run_id: "run_1", turn_id: "trn_1", span: { id, number } as SpanCard },
    });
  step("s2", 2);
  step("s1", 1);
  step("s2", 2);
  expect(client.getQueryData(traceQuery("run_1").queryKey)?.spans.map((span) => span.id)).toEqual(["s1", "s2"]);
});
