/** What goes in and out of the chat door: the same as `src/answerable/surfaces/chat/shapes.py`. */

export interface Suggestion {
  text: string;
  /** Shown only on pages whose path begins so; everywhere if there is none. */
  path: string | null;
}

export interface ChatConfig {
  company: string;
  greeting: string;
  ai_notice: string;
  people_notice: string;
  suggestions: Suggestion[];
  message_bytes_max: number;
}

export interface NewCustomer {
  name?: string;
  email?: string;
  attributes?: Record<string, string>;
}

export interface CustomerKey {
  customer_id: string;
  token: string;
}

export interface ChatPage {
  title: string;
  path: string;
}

export interface NewChatMessage {
  text: string;
  conversation_id: string | null;
  page: ChatPage | null;
}

export interface ChatCitation {
  number: number;
  title: string;
  url: string | null;
  quote: string;
}

export interface ChatMessage {
  id: string;
  number: number;
  author: "customer" | "agent" | "rep" | "note";
  name: string | null;
  text: string;
  decision: "answer" | "ask" | "act" | "hand_off" | "refuse" | null;
  /** Whether it ends in a question: a list at its end is then what may be chosen. */
  asks: boolean;
  citations: ChatCitation[];
  turn_id: string | null;
  helpful: boolean | null;
  created_at: string;
}

export interface ConversationChanged {
  status: "open" | "resolved";
  handled_by: "agent" | "rep";
  agent_is_writing: boolean;
  rep_name: string | null;
}

export interface ChatConversation extends ConversationChanged {
  id: string;
  subject: string;
  last_event_id: number;
  messages: ChatMessage[];
  changed_at: string;
}

export interface ChatConversationRow {
  id: string;
  subject: string;
  status: "open" | "resolved";
  last_text: string;
  changed_at: string;
}

export interface Received {
  conversation_id: string;
  message: ChatMessage;
  turn_id: string | null;
  last_event_id: number;
}

export interface ReplyPart {
  turn_id: string;
  index: number;
  text: string;
}
