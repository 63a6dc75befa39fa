/** Calls the server's chat door. */

import type {
  ChatConfig,
  ChatConversation,
  ChatConversationRow,
  ChatMessage,
  CustomerKey,
  NewChatMessage,
  NewCustomer,
  Received,
} from "./shapes.ts";
import { readEvents, type ServerEvent } from "./stream.ts";

/** The server understood and said no; the message is its sentence for a person. */
export type Refused = Error & { status: number };

/** Whether the server will say the same next time; a broken connection or a busy server will pass. */
export function isFinal(error: unknown): error is Refused {
  const { status = 0 } = error as Partial<Refused>;
  return status >= 400 && status < 500 && ![408, 425, 429].includes(status);
}

export interface Ear {
  signal: AbortSignal;
  opened(): void;
  heard(event: ServerEvent): void;
}

const ANSWER_MS_MAX = 20_000;

export type Door = ReturnType<typeof openDoor>;

/** Calls as whom the page says that it is (`identity`), if it does, and as the browser with this key. */
export function openDoor(
  base: string,
  token: () => string | undefined,
  identity: () => string | null,
  emit: (name: "identity") => void,
) {
  let refused: string | null = null;

  async function call(path: string, request: RequestInit = {}, headers?: Record<string, string>): Promise<Response> {
    const key = token();
    const given = identity();
    const signed = given === refused ? null : given;
    const response = await fetch(`${base}chat/${path}`, {
      cache: "no-store",
      credentials: "omit",
      ...request,
      headers: {
        ...headers,
        ...(key && { Authorization: `Bearer ${key}` }),
        ...(signed && { "Answerable-Identity": signed }),
      },
    });
    if (response.ok) return response;
    const { status } = response;
    const { detail } = await response.json().catch(() => response);
    if (signed && status === 401) {
      // What the server does not believe is not said again: go on as nobody in particular, never as the last one.
      refused = signed;
      console.warn(detail);
      emit("identity");
      return call(path, request, headers);
    }
    throw Object.assign(new Error(detail), { status });
  }

  async function ask<T>(
    path: string,
    method = "GET",
    content?: unknown,
    headers: Record<string, string> = {},
  ): Promise<T> {
    const request: RequestInit = { method, signal: AbortSignal.timeout(ANSWER_MS_MAX) };
    if (content) {
      request.body = JSON.stringify(content);
      headers["Content-Type"] = "application/json";
    }
    return (await call(path, request, headers)).json();
  }

  return {
    base,
    config: () => ask<ChatConfig>("config"),
    makeCustomer: (customer: NewCustomer) => ask<CustomerKey>("customers", "POST", customer),
    conversations: () => ask<ChatConversationRow[]>("conversations"),
    conversation: (id: string) => ask<ChatConversation>(`conversations/${id}`),
    askForPerson: (id: string) => ask<ChatConversation>(`conversations/${id}/person`, "POST"),
    rate: (id: string, helpful: boolean) => ask<ChatMessage>(`messages/${id}/feedback`, "PUT", { helpful }),
    send: (message: NewChatMessage, key: string) =>
      ask<Received>("messages", "POST", message, { "Idempotency-Key": key }),
    /** Listens until the server ends the stream; throws when it is cut. */
    async listen(id: string, after: string, { signal, opened, heard }: Ear): Promise<void> {
      // In the address, not as `Last-Event-ID`: not every proxy between two origins lets that header through.
      const { body } = await call(`conversations/${id}/events?after=${after}`, { signal });
      opened();
      if (body) await readEvents(body, heard);
    },
  };
}
