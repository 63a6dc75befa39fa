/** What goes through the reps' door, named as in `src/answerable/api/shapes.py`. */

export type Role = "rep" | "builder" | "lead" | "admin";
export type View = "needs_you" | "mine" | "with_ai" | "waiting" | "all";
export type Surface = "chat" | "email" | "voice" | "product";
export type Author = "customer" | "agent" | "rep" | "note";
export type DecisionKind = "answer" | "ask" | "act" | "hand_off" | "refuse";
export type RunState = "running" | "finished" | "failed" | "given_up";
export type SpanKind =
  | "agent"
  | "model"
  | "retrieval"
  | "action"
  | "classifier"
  | "guard"
  | "handoff"
  | "grader"
  | "policy";
export type SpanState = "done" | "failed" | "held";
export type Identity = "anonymous" | "known" | "verified";
export type ImportState = "running" | "done" | "failed";
export type SourceKind = "folder" | "site" | "jsonl" | "console";
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export interface Me {
  id: string;
  name: string;
  email: string;
  role: Role;
  company: string;
  release: number;
}

export interface LinkOwner {
  name: string;
  email: string;
}

export interface RepRow {
  id: string;
  name: string;
  email: string;
  role: Role;
  active: boolean;
  created_at: string;
}

export interface Invitation {
  rep: RepRow;
  link: string;
}

export interface CustomerCard {
  id: string;
  name: string | null;
  email: string | null;
  identity: Identity;
  attributes: Record<string, string>;
  created_at: string;
}

export interface StripBar {
  kind: SpanKind;
  duration_us: number;
  state: SpanState;
}

export interface InboxRow {
  id: string;
  subject: string;
  customer: CustomerCard;
  surface: Surface;
  status: "open" | "resolved";
  handled_by: "agent" | "rep";
  waiting_on: "agent" | "rep" | "customer" | "nobody";
  assignee_id: string | null;
  assignee_name: string | null;
  why: string | null;
  last_text: string;
  last_author: Author;
  strip: StripBar[];
  agent_is_writing: boolean;
  changed_at: string;
}

export interface Inbox {
  items: InboxRow[];
  next: string | null;
}

export type InboxCounts = Record<View, number>;

export interface CitationCard {
  number: number;
  title: string;
  url: string | null;
  quote: string;
  passage_id: string;
  article_id: string;
  revision_id: string;
}

export interface RunCard {
  id: string;
  turn_id: string;
  state: RunState;
  decision: DecisionKind | null;
  confidence: number | null;
  reason: string | null;
  release: number;
  model: string;
  tokens_in: number;
  tokens_out: number;
  cost_micros: number;
  started_at: string;
  duration_us: number | null;
  strip: StripBar[];
}

export interface MessageCard {
  id: string;
  number: number;
  author: Author;
  rep_id: string | null;
  rep_name: string | null;
  text: string;
  turn_id: string | null;
  run_id: string | null;
  decision: DecisionKind | null;
  confidence: number | null;
  reason: string | null;
  citations: CitationCard[];
  page: { title: string; path: string } | null;
  helpful: boolean | null;
  created_at: string;
}

export interface HandoffCard {
  id: string;
  reason: string;
  summary: string;
  tried: string[];
  question: string;
  run_id: string | null;
  created_at: string;
}

export interface EpisodeCard {
  id: string;
  number: number;
  opened_at: string;
  resolved_at: string | null;
  resolved_by: string | null;
}

export interface ConversationDetail {
  row: InboxRow;
  release: number;
  language: string | null;
  opened_at: string;
  episodes: EpisodeCard[];
  messages: MessageCard[];
  runs: RunCard[];
  handoffs: HandoffCard[];
  other_conversations: InboxRow[];
  last_event_id: number;
}

export interface SpanCard {
  id: string;
  parent_id: string | null;
  number: number;
  kind: SpanKind;
  name: string;
  summary: string;
  state: SpanState;
  input: Json;
  output: Json;
  error: string | null;
  tokens_in: number;
  tokens_out: number;
  cost_micros: number;
  offset_us: number;
  duration_us: number;
}

export interface Trace {
  run: RunCard;
  spans: SpanCard[];
}

export interface SearchHit {
  passage_id: string;
  article_id: string;
  revision_id: string;
  revision: number;
  title: string;
  heading_path: string[];
  url: string | null;
  text: string;
  score: number;
  lexical: number;
  dense: number;
}

export interface Search {
  query: string;
  release: number;
  confidence: number;
  hits: SearchHit[];
  duration_us: number;
}

export interface ArticleRow {
  id: string;
  slug: string;
  title: string;
  language: string;
  section: string | null;
  url: string | null;
  source_id: string;
  revision: number;
  revised_at: string;
  words: number;
}

export interface Articles {
  items: ArticleRow[];
  next: string | null;
  total: number;
}

export interface ArticleDetail {
  row: ArticleRow;
  text: string;
  revisions: {
    id: string;
    number: number;
    title: string;
    from_release: number;
    to_release: number | null;
    created_at: string;
  }[];
  passages: { id: string; number: number; heading_path: string[]; text: string }[];
}

export interface ImportRow {
  id: string;
  source_id: string;
  state: ImportState;
  release: number | null;
  new: number;
  changed: number;
  unchanged: number;
  gone: number;
  skipped: { name: string; reason: string }[];
  started_at: string;
  ended_at: string | null;
}

export interface SourceRow {
  id: string;
  kind: SourceKind;
  location: string;
  articles: number;
  last_import: ImportRow | null;
}

export interface ReleaseRow {
  number: number;
  reason: string;
  author: string;
  created_at: string;
}

export interface Status {
  version: string;
  company: string;
  release: number;
  model: string;
  database: "sqlite" | "postgres";
  articles: number;
  passages: number;
  conversations: number;
  turns_waiting: number;
}

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
  | { kind: "reply_part"; conversation_id: string; content: ReplyPart };

const ROLES: readonly Role[] = ["rep", "builder", "lead", "admin"];

/** Whether this person's role reaches at least to `role`. */
export function mayActAs(me: Me, role: Role): boolean {
  return ROLES.indexOf(me.role) >= ROLES.indexOf(role);
}
