/** What a live event changes in what is already on the screen. Every patch may come twice without harm. */

import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { belongs, isAbove } from "../inbox/views";
import { conversationQuery, countsQuery, forgetCalls, traceQuery } from "./queries";
import type {
  ConversationDetail,
  Inbox,
  InboxRow,
  LiveEvent,
  MessageCard,
  ReplyPart,
  RunCard,
  SpanCard,
  Trace,
  View,
} from "./types";

/** The sentences of the reply that is being written in a conversation. */
export interface Writing {
  turnId: string;
  parts: string[];
}

export const writingKey = (conversationId: string) => ["writing", conversationId] as const;

export function applyEvent(client: QueryClient, repId: string, event: LiveEvent): void {
  const { queryKey } = conversationQuery(event.conversation_id);
  const patchDetail = (patch: (detail: ConversationDetail) => ConversationDetail) =>
    client.setQueryData(queryKey, (detail) => detail && patch(detail));

  switch (event.kind) {
    case "message":
      patchDetail((detail) => withMessage(detail, event.content));
      if (event.content.author === "agent") client.setQueryData(writingKey(event.conversation_id), null);
      return;
    case "reply_part":
      client.setQueryData<Writing | null>(writingKey(event.conversation_id), (writing) =>
        withPart(writing ?? null, event.content),
      );
      return;
    case "run":
      patchDetail((detail) => withRun(detail, event.content));
      client.setQueryData(traceQuery(event.content.id).queryKey, (trace) => trace && { ...trace, run: event.content });
      if (event.content.state !== "running") {
        client.setQueryData(writingKey(event.conversation_id), null);
        // The stream sends steps without what went in and came out; now that all of them are there, they are read whole.
        void client.invalidateQueries({ queryKey: traceQuery(event.content.id).queryKey });
      }
      return;
    case "step": {
      const detail = client.getQueryData(queryKey);
      // The first step of a run is also how one hears of the run.
      if (detail && !detail.runs.some((run) => run.id === event.content.run_id)) {
        void client.invalidateQueries({ queryKey }, { cancelRefetch: false });
      }
      client.setQueryData(
        traceQuery(event.content.run_id).queryKey,
        (trace) => trace && withSpan(trace, event.content.span),
      );
      return;
    }
    case "action": {
      const { row } = event.content;
      patchDetail((detail) => ({ ...detail, row: newer(detail.row, row) }));
      patchInboxes(client, repId, row);
      forgetCalls(client);
      return;
    }
    case "conversation": {
      const before = client.getQueryData(queryKey)?.row;
      patchDetail((detail) => ({ ...detail, row: newer(detail.row, event.content) }));
      // Hand-offs and episodes have no event of their own: they are read again when the conversation changes hands.
      if (before && changedHands(before, event.content)) void client.invalidateQueries({ queryKey });
      patchInboxes(client, repId, event.content);
      void client.invalidateQueries({ queryKey: countsQuery.queryKey });
      return;
    }
  }
}

function changedHands(before: InboxRow, after: InboxRow): boolean {
  return (
    before.handled_by !== after.handled_by ||
    before.status !== after.status ||
    before.waiting_on !== after.waiting_on ||
    before.assignee_id !== after.assignee_id
  );
}

const newer = (one: InboxRow, other: InboxRow) => (other.changed_at >= one.changed_at ? other : one);

export function withMessage(detail: ConversationDetail, message: MessageCard): ConversationDetail {
  const others = detail.messages.filter((other) => other.id !== message.id);
  return { ...detail, messages: [...others, message].sort((a, b) => a.number - b.number) };
}

export function withRun(detail: ConversationDetail, run: RunCard): ConversationDetail {
  const known = detail.runs.some((other) => other.id === run.id);
  return {
    ...detail,
    runs: known ? detail.runs.map((other) => (other.id === run.id ? run : other)) : [...detail.runs, run],
  };
}

export function withSpan(trace: Trace, span: SpanCard): Trace {
  if (trace.spans.some((other) => other.id === span.id)) return trace;
  return { ...trace, spans: [...trace.spans, span].sort((a, b) => a.number - b.number) };
}

export function withPart(writing: Writing | null, part: ReplyPart): Writing {
  const parts = writing?.turnId === part.turn_id ? [...writing.parts] : [];
  parts[part.index] = part.text;
  return { turnId: part.turn_id, parts };
}

function patchInboxes(client: QueryClient, repId: string, row: InboxRow): void {
  for (const query of client.getQueryCache().findAll({ queryKey: ["inbox"] })) {
    const [, view, q] = query.queryKey as [string, View, string];
    client.setQueryData<InfiniteData<Inbox, string | null>>(query.queryKey, (data) =>
      data ? withRow(data, row, view, belongs(row, view, repId), q !== "") : data,
    );
  }
}

/** The row at its place in the view; in a search only rows that were found already change. */
export function withRow<P>(
  data: InfiniteData<Inbox, P>,
  row: InboxRow,
  view: View,
  isMember: boolean,
  isSearch = false,
): InfiniteData<Inbox, P> {
  const old = data.pages.flatMap((page) => page.items).find((other) => other.id === row.id);
  if ((!old && (!isMember || isSearch)) || (old && old.changed_at > row.changed_at)) return data;
  const pages = old
    ? data.pages.map((page) => ({ ...page, items: page.items.filter((other) => other.id !== row.id) }))
    : data.pages.map((page) => ({ ...page }));
  if (!isMember && !isSearch) return { ...data, pages };

  const isBelow = (other: InboxRow) => isAbove(row, other, view);
  const last = pages.at(-1);
  const home = pages.find((page) => page.items.some(isBelow)) ?? (last?.next ? undefined : last);
  if (!home) return { ...data, pages };
  const at = home.items.findIndex(isBelow);
  home.items = home.items.toSpliced(at < 0 ? home.items.length : at, 0, row);
  return { ...data, pages };
}
