/** Replies on their way. They are kept in the browser until the server has them, and sent again under the same key. */

import { type QueryClient, useQuery, useQueryClient } from "@tanstack/react-query";
import { call, Problem } from "./client";
import { keepDetail } from "./queries";
import { onReach } from "./reach";
import type { ConversationDetail } from "./types";

export interface Outgoing {
  key: string;
  conversationId: string;
  repId: string;
  text: string;
  resolve: boolean;
  /** The last message that was there when it was written: this one comes after it. */
  afterNumber: number;
  at: string;
  state: "sending" | "waiting" | "refused";
  /** Why it was refused. */
  problem?: string;
}

const STORED_AS = "answerable.outbox";
const QUERY_KEY = ["outbox"] as const;
const WAIT_MS_FIRST = 1000;
const WAIT_MS_MAX = 20_000;
const underWay = new Set<string>();

function stored(): Outgoing[] {
  try {
    return JSON.parse(localStorage.getItem(STORED_AS) ?? "[]") as Outgoing[];
  } catch {
    return [];
  }
}

function keep(client: QueryClient, change: (rows: Outgoing[]) => Outgoing[]): void {
  const rows = change(stored());
  localStorage.setItem(STORED_AS, JSON.stringify(rows));
  client.setQueryData(QUERY_KEY, rows);
}

export function useOutbox(conversationId: string): Outgoing[] {
  const { data } = useQuery({ queryKey: QUERY_KEY, queryFn: stored, initialData: stored, staleTime: Infinity });
  return data.filter((row) => row.conversationId === conversationId);
}

export function useSend() {
  const client = useQueryClient();
  return {
    send: (reply: Pick<Outgoing, "conversationId" | "repId" | "text" | "resolve" | "afterNumber">) => {
      const row: Outgoing = { ...reply, key: crypto.randomUUID(), at: new Date().toISOString(), state: "sending" };
      keep(client, (rows) => [...rows, row]);
      void deliver(client, row);
    },
    sendAgain: (row: Outgoing) => void deliver(client, row),
    drop: (row: Outgoing) => keep(client, (rows) => rows.filter((other) => other.key !== row.key)),
  };
}

/** Sends what an earlier visit left behind. */
export function resume(client: QueryClient, repId: string): void {
  for (const row of stored()) if (row.repId === repId && row.state !== "refused") void deliver(client, row);
}

async function deliver(client: QueryClient, row: Outgoing): Promise<void> {
  if (underWay.has(row.key)) return;
  underWay.add(row.key);
  const mark = (change: Partial<Outgoing>) =>
    keep(client, (rows) => rows.map((other) => (other.key === row.key ? { ...other, ...change } : other)));

  for (let attempt = 0; stored().some((other) => other.key === row.key); attempt += 1) {
    mark({ state: attempt ? "waiting" : "sending" });
    try {
      const detail = await call<ConversationDetail>(`/conversations/${row.conversationId}/reply`, {
        method: "POST",
        body: { text: row.text, resolve: row.resolve },
        idempotencyKey: row.key,
      });
      keepDetail(client, detail);
      keep(client, (rows) => rows.filter((other) => other.key !== row.key));
      break;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (!error.mayHelpToRetry) {
        mark({ state: "refused", problem: error.message });
        break;
      }
      mark({ state: "waiting" });
      await untilRetry(attempt);
    }
  }
  underWay.delete(row.key);
}

/** Waits longer each time, but not beyond the moment when the server can be reached again. */
function untilRetry(attempt: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      window.removeEventListener("online", done);
      forget();
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, Math.min(WAIT_MS_MAX, WAIT_MS_FIRST * 2 ** attempt));
    window.addEventListener("online", done);
    const forget = onReach((isThere) => isThere && done());
  });
}
