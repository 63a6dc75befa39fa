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
  ArticleDetail,
  Articles,
  ConversationDetail,
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
    staleTime: Number.POSITIVE_INFINITY,
  });

export const traceQuery = (runId: string) =>
  queryOptions({
    queryKey: ["run", runId],
    queryFn: ({ signal }) => call<Trace>(`/runs/${runId}`, { signal }),
  });

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
