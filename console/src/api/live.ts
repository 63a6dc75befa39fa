/** The tab's one connection to the reps' stream; it goes on where it was cut off. */

import { type Query, type QueryClient, useQuery } from "@tanstack/react-query";
import { call, Problem } from "./client";
import { applyEvent } from "./patch";
import { meQuery } from "./queries";
import { onReach, tellReach } from "./reach";
import type { LiveEvent, Me } from "./types";

export type LiveState = "connecting" | "live" | "reconnecting";

const STATE_KEY = ["live"] as const;
const KINDS: readonly LiveEvent["kind"][] = ["message", "step", "run", "conversation", "action", "reply_part"];
const WAIT_MS_FIRST = 500;
// Whoever looks at the screen sees it live again soon after the server is back; a hidden tab has time.
const WAIT_MS_MAX = 3000;
const WAIT_MS_MAX_HIDDEN = 15_000;
/** A connection that says nothing for this long is taken for dead; the server sends a comment far more often. */
const QUIET_MS_MAX = 90_000;

export function useLiveState(): LiveState {
  return (
    useQuery({ queryKey: STATE_KEY, queryFn: () => "connecting" as LiveState, staleTime: Infinity }).data ?? "live"
  );
}

/** Starts listening; call what it gives to stop. */
export function listen(client: QueryClient, me: Me, onEvent?: (event: LiveEvent) => void): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lastId = "";
  let failures = 0;
  let heardAt = Date.now();
  let isStopped = false;
  const say = (state: LiveState) => client.setQueryData(STATE_KEY, state);

  const connect = () => {
    clearTimeout(timer);
    source?.close();
    source = new EventSource(lastId ? `/api/events?after=${encodeURIComponent(lastId)}` : "/api/events");
    source.onopen = () => {
      // What was read before the stream stood may have missed something; what was read after it has not.
      if (failures > 0 || !lastId) void client.invalidateQueries({ predicate: (query) => isLive(query.queryKey) });
      // What failed while the server was away is tried again by itself.
      if (failures > 0) void fill(client);
      failures = 0;
      heardAt = Date.now();
      say("live");
      tellReach(true);
    };
    source.onerror = retry;
    for (const kind of KINDS) source.addEventListener(kind, (event) => hear(kind, event as MessageEvent<string>));
  };

  const hear = (kind: LiveEvent["kind"], { data, lastEventId }: MessageEvent<string>) => {
    heardAt = Date.now();
    if (lastEventId) lastId = lastEventId;
    const event = { kind, ...(JSON.parse(data) as object) } as LiveEvent;
    applyEvent(client, me.id, event);
    onEvent?.(event);
  };

  const retry = () => {
    clearTimeout(timer);
    source?.close();
    if (isStopped) return;
    failures += 1;
    say("reconnecting");
    tellReach(false);
    if (failures === 2) void askWhoWeAre();
    const most = document.visibilityState === "visible" ? WAIT_MS_MAX : WAIT_MS_MAX_HIDDEN;
    const wait = Math.min(most, WAIT_MS_FIRST * 2 ** (failures - 1));
    timer = setTimeout(connect, wait * (0.75 + Math.random() / 2));
  };

  // A refused stream carries no status; this tells a lost sign-in from a lost connection.
  const askWhoWeAre = () =>
    call<Me>("/me").catch((error: unknown) => {
      if (error instanceof Problem && error.status === 401) client.setQueryData(meQuery.queryKey, null);
    });

  // A request notices first that the server is gone when the stream dies without a word, and first that it is back.
  const hearReach = (isThere: boolean) => {
    if (!isThere && source?.readyState === EventSource.OPEN) retry();
    else if (isThere && failures > 0) connect();
  };

  const wake = () => {
    const isDead = source?.readyState === EventSource.CLOSED || Date.now() - heardAt > QUIET_MS_MAX;
    if (document.visibilityState === "visible" && isDead) connect();
  };

  say("connecting");
  connect();
  const forget = onReach(hearReach);
  window.addEventListener("online", wake);
  window.addEventListener("offline", retry);
  document.addEventListener("visibilitychange", wake);
  return () => {
    isStopped = true;
    clearTimeout(timer);
    source?.close();
    forget();
    window.removeEventListener("online", wake);
    window.removeEventListener("offline", retry);
    document.removeEventListener("visibilitychange", wake);
  };
}

/** Tries at once what shows nothing yet; an attempt that waits for its turn is given up for it. */
async function fill(client: QueryClient): Promise<void> {
  const isEmpty = (query: Query) => query.state.data === undefined;
  await client.cancelQueries({ predicate: (query) => isEmpty(query) && query.state.fetchFailureCount > 0 });
  await client.refetchQueries({ predicate: isEmpty, type: "active" });
}

const isLive = (key: readonly unknown[]) =>
  ["inbox", "counts", "conversation", "run", "approvals", "actions", "action"].includes(String(key[0]));
