/** Everything the console asks the server for, under one name each. */

import {
  infiniteQueryOptions,
  keepPreviousData,
  type QueryClient,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { address, call } from "./client";
import type {
  ActionCalls,
  ActionDetail,
  ApprovalCard,
  Approvals,
  ArticleDetail,
  Articles,
  CallState,
  CodeSent,
  ConversationDetail,
  DeclaredAction,
  EarlierMessages,
  ImportRow,
  Inbox,
  InboxCounts,
  Invitation,
  LinkOwner,
  Me,
  ReleaseRow,
  RepRow,
  Role,
  Search,
  SourceRow,
  Status,
  Trace,
  View,
} from "./types";

const ROWS_A_PAGE = 100;
const APPROVALS_A_PAGE = 50;
/** Browsers take no longer timers. */
const TIMER_MS_MAX = 2 ** 31 - 1001;

/** Who is signed in; undefined while unknown, null when nobody is. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => call<Me>("/me", { signal }) as Promise<Me | null>,
  staleTime: Number.POSITIVE_INFINITY,
});

export const countsQuery = queryOptions({
  queryKey: ["counts"],
  queryFn: ({ signal }) => call<InboxCounts>("/inbox/counts", { signal }),
});

export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: ({ signal }) => call<Status>("/status", { signal }),
  refetchInterval: 60_000,
});

export const releasesQuery = queryOptions({
  queryKey: ["releases"],
  queryFn: ({ signal }) => call<ReleaseRow[]>("/releases", { signal }),
});

export const inboxQuery = (view: View, q = "") =>
  infiniteQueryOptions({
    queryKey: ["inbox", view, q],
    queryFn: ({ pageParam, signal }) =>
      call<Inbox>(address("/inbox", { view, q, cursor: pageParam, limit: ROWS_A_PAGE }), { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: q ? keepPreviousData : undefined,
  });

export const foundConversationsQuery = (q: string) =>
  queryOptions({
    queryKey: ["found", q],
    queryFn: ({ signal }) => call<Inbox>(address("/inbox", { view: "all", q, limit: 6 }), { signal }),
    enabled: q.length > 1,
    placeholderData: keepPreviousData,
  });

export const conversationQuery = (id: string) =>
  queryOptions({
    queryKey: ["conversation", id],
    queryFn: ({ signal }) => call<ConversationDetail>(`/conversations/${id}`, { signal }),
    // When a proof ends, another one may still hold.
    refetchInterval: ({ state }) => {
      const until = state.data?.row.proved_until;
      const left = until ? new Date(until).getTime() - Date.now() : 0;
      return left > 0 && left < TIMER_MS_MAX ? left + 1000 : false;
    },
  });

/** What was said before the message of that number, a stretch at a time. */
export const earlierQuery = (id: string, before: number) =>
  infiniteQueryOptions({
    queryKey: ["earlier", id, before],
    queryFn: ({ pageParam, signal }) =>
      call<EarlierMessages>(address(`/conversations/${id}/messages`, { before: pageParam }), { signal }),
    initialPageParam: before,
    getNextPageParam: (page) => (page.has_earlier ? page.messages[0]?.number : undefined),
    enabled: false,
    retry: 2,
    staleTime: Number.POSITIVE_INFINITY,
  });

export const traceQuery = (runId: string) =>
  queryOptions({
    queryKey: ["run", runId],
    queryFn: ({ signal }) => call<Trace>(`/runs/${runId}`, { signal }),
  });

/** What waits is ruled by the clauses of the moment, and no event tells that one begins: it is read whenever it is looked at. */
const RULED_ANEW = { staleTime: 0, refetchInterval: 60_000 };

export const approvalsQuery = (state: "open" | "decided") =>
  infiniteQueryOptions({
    queryKey: ["approvals", state],
    queryFn: ({ pageParam, signal }) =>
      call<Approvals>(address("/approvals", { state, cursor: pageParam, limit: APPROVALS_A_PAGE }), { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    ...RULED_ANEW,
  });

export const approvalQuery = (id: string) =>
  queryOptions({
    queryKey: ["approvals", "one", id],
    queryFn: ({ signal }) => call<ApprovalCard>(`/approvals/${id}`, { signal }),
    ...RULED_ANEW,
  });

/** Which calls a list shows; what is not said does not matter. */
export interface CallFilter {
  state?: CallState | undefined;
  action?: string | undefined;
  customer?: string | undefined;
  conversation?: string | undefined;
  clause?: string | undefined;
  since?: string | undefined;
  q?: string | undefined;
}

export const actionsQuery = (filter: CallFilter) =>
  infiniteQueryOptions({
    queryKey: ["actions", filter],
    queryFn: ({ pageParam, signal }) =>
      call<ActionCalls>(address("/actions", { ...filter, cursor: pageParam, limit: ROWS_A_PAGE }), { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });

/** What was asked for in a conversation. */
export const actionsInQuery = (conversation: string) =>
  queryOptions({
    queryKey: ["actions", "in", conversation],
    queryFn: ({ signal }) => call<ActionCalls>(address("/actions", { conversation, limit: 200 }), { signal }),
  });

export const actionQuery = (id: string) =>
  queryOptions({
    queryKey: ["action", id],
    queryFn: ({ signal }) => call<ActionDetail>(`/actions/${id}`, { signal }),
  });

export const declaredQuery = queryOptions({
  queryKey: ["declared"],
  queryFn: ({ signal }) => call<DeclaredAction[]>("/actions/declared", { signal }),
});

export type Decision =
  | { verb: "approve"; amount?: string; reason?: string; note?: string }
  | { verb: "decline"; reason: string; note?: string };

/** What is told of a change, also when the stream has taken what was clicked off the screen before the answer came. */
export interface Told<T> {
  onDone: (after: T) => void;
  onFault: (error: Error) => void;
}

/** Approves, approves less, or declines. The first decision counts, whoever clicks when. */
export function useDecide(approvalId: string, { onDone, onFault }: Told<ApprovalCard>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ verb, ...body }: Decision) =>
      call<ApprovalCard>(`/approvals/${approvalId}/${verb}`, { method: "POST", body }),
    onSuccess: (card) => {
      client.setQueryData(approvalQuery(approvalId).queryKey, card);
      onDone(card);
    },
    onError: onFault,
    onSettled: () => forgetCalls(client),
  });
}

export function useUndo({ onDone, onFault }: Told<ActionDetail>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => call<ActionDetail>(`/actions/${id}/undo`, { method: "POST" }),
    onSuccess: (detail) => {
      client.setQueryData(actionQuery(detail.call.id).queryKey, detail);
      onDone(detail);
    },
    onError: onFault,
    onSettled: () => forgetCalls(client),
  });
}

/** Something was decided or taken back: what is shown of it is read again. */
export function forgetCalls(client: QueryClient): void {
  for (const key of ["approvals", "actions", "action", "counts"]) {
    void client.invalidateQueries({ queryKey: [key] });
  }
}

export const repsQuery = queryOptions({
  queryKey: ["reps"],
  queryFn: ({ signal }) => call<RepRow[]>("/reps", { signal }),
});

export const sourcesQuery = queryOptions({
  queryKey: ["sources"],
  queryFn: ({ signal }) => call<SourceRow[]>("/sources", { signal }),
  refetchInterval: (query) => (query.state.data?.some((row) => row.last_import?.state === "running") ? 1000 : false),
});

export const importQuery = (id: string) =>
  queryOptions({
    queryKey: ["import", id],
    queryFn: ({ signal }) => call<ImportRow>(`/imports/${id}`, { signal }),
    refetchInterval: (query) => (query.state.data?.state === "running" ? 700 : false),
  });

export const articlesQuery = (q: string, source: string) =>
  infiniteQueryOptions({
    queryKey: ["articles", q, source],
    queryFn: ({ pageParam, signal }) =>
      call<Articles>(address("/articles", { q, source, cursor: pageParam, limit: ROWS_A_PAGE }), { signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });

export const foundArticlesQuery = (q: string) =>
  queryOptions({
    queryKey: ["found-articles", q],
    queryFn: ({ signal }) => call<Articles>(address("/articles", { q, limit: 6 }), { signal }),
    enabled: q.length > 1,
    placeholderData: keepPreviousData,
  });

export const articleQuery = (id: string) =>
  queryOptions({
    queryKey: ["article", id],
    queryFn: ({ signal }) => call<ArticleDetail>(`/articles/${id}`, { signal }),
  });

export const searchQuery = (q: string, limit = 10) =>
  queryOptions({
    queryKey: ["search", q, limit],
    queryFn: ({ signal }) => call<Search>(address("/search", { q, limit }), { signal }),
    enabled: q.trim().length > 0,
    placeholderData: keepPreviousData,
  });

export const linkQuery = (token: string) =>
  queryOptions({
    queryKey: ["link", token],
    queryFn: ({ signal }) => call<LinkOwner>(`/sign-in/link/${encodeURIComponent(token)}`, { signal }),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });

export type Verb =
  | { verb: "take-over" | "hand-back" | "resolve" }
  | { verb: "assign"; body: { rep_id: string | null } };

/** Take over, hand back, resolve or assign a conversation. */
export function useVerb(conversationId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (step: Verb) =>
      call<ConversationDetail>(`/conversations/${conversationId}/${step.verb}`, {
        method: "POST",
        ...("body" in step ? { body: step.body } : {}),
      }),
    onSuccess: (detail) => keepDetail(client, detail),
  });
}

/** Sends the customer a one-time code, which they type into the conversation. */
export function useSendCode(conversationId: string, told: Told<CodeSent>) {
  return useMutation({
    mutationFn: () => call<CodeSent>(`/conversations/${conversationId}/code`, { method: "POST" }),
    onSuccess: told.onDone,
    onError: told.onFault,
  });
}

/** Puts what the server gave back for a conversation in its place. */
export function keepDetail(client: QueryClient, detail: ConversationDetail): void {
  client.setQueryData(conversationQuery(detail.row.id).queryKey, detail);
  void client.invalidateQueries({ queryKey: countsQuery.queryKey });
}

/** Somebody else is at the console now, or nobody: what the one before saw is forgotten. */
export function become(client: QueryClient, me: Me | null): void {
  client.setQueryData(meQuery.queryKey, me);
  client.removeQueries({ predicate: (query) => !["me", "theme"].includes(String(query.queryKey[0])) });
}

export function useSignOut() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call<void>("/sign-out", { method: "POST" }),
    onSuccess: () => become(client, null),
  });
}

export function useInvite() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (rep: { name: string; email: string; role: Role }) =>
      call<Invitation>("/reps", { method: "POST", body: rep }),
    onSuccess: () => client.invalidateQueries({ queryKey: repsQuery.queryKey }),
  });
}

export function useRenewLink() {
  return useMutation({ mutationFn: (id: string) => call<Invitation>(`/reps/${id}/link`, { method: "POST" }) });
}

export function useChangeRep() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...change }: { id: string; role?: Role; active?: boolean }) =>
      call<RepRow>(`/reps/${id}`, { method: "PATCH", body: change }),
    onSuccess: (row) =>
      client.setQueryData(repsQuery.queryKey, (rows) => rows?.map((other) => (other.id === row.id ? row : other))),
  });
}

export function useImportSite() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (url: string) => call<ImportRow>("/imports", { method: "POST", body: { url } }),
    onSuccess: (row) => {
      client.setQueryData(importQuery(row.id).queryKey, row);
      return client.invalidateQueries({ queryKey: sourcesQuery.queryKey });
    },
  });
}
