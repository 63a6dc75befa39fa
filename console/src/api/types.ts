/** What goes through the reps' door: generated from the server's OpenAPI (`npm run types`), under the names used here. */

import type { components } from "./schema";

type Schemas = components["schemas"];

export type AmountChange = Schemas["AmountChange"];
export type ActionCalls = Schemas["ActionCalls"];
export type ActionDetail = Schemas["ActionDetail"];
export type ActionRow = Schemas["ActionRow"];
export type ApprovalCard = Schemas["ApprovalCard"];
export type Approvals = Schemas["Approvals"];
export type ClauseCheck = Schemas["ClauseCheck"];
export type MoneyCard = Schemas["MoneyCard"];
export type ArticleDetail = Schemas["ArticleDetail"];
export type ArticleRow = Schemas["ArticleRow"];
export type Articles = Schemas["Articles"];
export type CitationCard = Schemas["CitationCard"];
export type CodeSent = Schemas["CodeSent"];
export type ConversationDetail = Schemas["ConversationDetail"];
export type DeclaredAction = Schemas["DeclaredAction"];
export type NoteCard = Schemas["NoteCard"];
export type Fact = Schemas["Fact"];
export type EarlierMessages = Schemas["EarlierMessages"];
export type CustomerCard = Schemas["CustomerCard"];
export type EpisodeCard = Schemas["EpisodeCard"];
export type HandoffCard = Schemas["HandoffCard"];
export type ImportRow = Schemas["ImportRow"];
export type Inbox = Schemas["Inbox"];
export type InboxCounts = Schemas["InboxCounts"];
export type InboxRow = Schemas["InboxRow"];
export type Invitation = Schemas["Invitation"];
export type LinkOwner = Schemas["LinkOwner"];
export type Me = Schemas["Me"];
export type MessageCard = Schemas["MessageCard"];
export type ReleaseRow = Schemas["ReleaseRow"];
export type RepRow = Schemas["RepRow"];
export type RunCard = Schemas["RunCard"];
export type Search = Schemas["Search"];
export type SearchHit = Schemas["SearchHit"];
export type SourceRow = Schemas["SourceRow"];
export type Status = Schemas["Status"];
export type StripBar = Schemas["StripBar"];

export type Role = Me["role"];
export type TriedAction = Schemas["TriedAction"];

export type View = Exclude<keyof InboxCounts, "approvals">;
export type CallState = ActionRow["state"];
export type DecisionKind = NonNullable<RunCard["decision"]>;
export type SpanKind = StripBar["kind"];
export type SourceKind = SourceRow["kind"];
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A step; what went in and came out is JSON of any shape. */
export type SpanCard = Omit<Schemas["SpanCard"], "input" | "output"> & { input: Json; output: Json };
export type Trace = Omit<Schemas["Trace"], "spans"> & { spans: SpanCard[] };

/** A sentence of a reply that is still being written. */
export interface ReplyPart {
  turn_id: string;
  index: number;
  text: string;
}

/** An event of the reps' stream, by its name. */
export type LiveEvent =
  | { kind: "message"; conversation_id: string; content: MessageCard }
  | { kind: "step"; conversation_id: string; content: { run_id: string; turn_id: string; span: SpanCard } }
  | { kind: "run"; conversation_id: string; content: RunCard }
  | { kind: "conversation"; conversation_id: string; content: InboxRow }
  | { kind: "action"; conversation_id: string; content: { call: ActionRow; row: InboxRow } }
  | { kind: "reply_part"; conversation_id: string; content: ReplyPart };

const ROLES: readonly Role[] = ["rep", "builder", "lead", "admin"];

/** Whether this person's role reaches at least to `role`. */
export function mayActAs(me: Me, role: Role): boolean {
  return ROLES.indexOf(me.role) >= ROLES.indexOf(role);
}
