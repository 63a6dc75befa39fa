import { Menu } from "@base-ui/react/menu";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Check, Inbox, ListFilter, Menu as MenuIcon, Search, SearchX } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { useFault } from "../api/faults";
import { countsQuery, inboxQuery } from "../api/queries";
import type { InboxRow, View } from "../api/types";
import { useNow } from "../parts/now";
import { SearchField } from "../parts/Search";
import { Empty, Failed, Loading, Skeleton } from "../parts/small";
import { dayGroup, number } from "../parts/words";
import { type Command, useCommands } from "../shell/commands";
import { useIsNarrow } from "../shell/media";
import { mainPlace, openMenu } from "../shell/overlays";
import { FILTERS, type Filter, filterOf } from "./filters";
import { ROW_HEIGHT, Row } from "./Row";
import type { viewOf } from "./views";

const GROUP_HEIGHT = 34;

type Entry = { group: string; count?: number | undefined; isLive?: boolean } | { row: InboxRow };

/** One view of the inbox: searchable, filtered, and as long as it needs to be. */
export function ConversationList({
  view,
  openId,
}: {
  view: NonNullable<ReturnType<typeof viewOf>>;
  openId: string | undefined;
}) {
  const isNarrow = useIsNarrow();
  const [search, setSearch] = useSearchParams();
  const q = search.get("q") ?? "";
  const filter = filterOf(search.get("only"));
  const [isSearching, setIsSearching] = useState(q !== "");
  const searchInput = useRef<HTMLInputElement>(null);
  const { data: counts } = useQuery(countsQuery);
  const list = useInfiniteQuery(inboxQuery(view.view, q));
  const { fault, again } = useFault(list, inboxQuery(view.view, q).queryKey);
  const hasAi = view.view === "needs_you" && !q && !filter;
  const ai = useInfiniteQuery({ ...inboxQuery("with_ai"), enabled: hasAi });
  const entries = useEntries(view.view, list.data?.pages, hasAi && !list.hasNextPage ? ai.data?.pages : undefined, {
    filter,
    isSearch: q !== "",
    count: counts?.needs_you,
    aiCount: counts?.with_ai,
  });
  const rows = useMemo(() => entries.flatMap((entry) => ("row" in entry ? [entry.row] : [])), [entries]);

  const change = (name: "q" | "only", value: string) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        if (value) after.set(name, value);
        else after.delete(name);
        return after;
      },
      { replace: true },
    );
  const openSearch = useCallback(() => {
    setIsSearching(true);
    requestAnimationFrame(() => searchInput.current?.focus());
  }, []);

  const more = list.hasNextPage ? list : hasAi && ai.hasNextPage ? ai : null;
  return (
    <section className="col list-col" aria-label="Conversations">
      <div className="bar">
        {isNarrow && (
          <button type="button" className="btn ghost icon menu-button" aria-label="Menu" onClick={openMenu}>
            <MenuIcon className="i" aria-hidden="true" />
          </button>
        )}
        <h1 className="trunc">{view.name}</h1>
        {counts && <span className="dim num">{number(counts[view.view])}</span>}
        <span className="end row tight">
          <button
            type="button"
            className="btn ghost icon"
            aria-label="Search this list"
            aria-expanded={isSearching}
            onClick={() => (isSearching && !q ? setIsSearching(false) : openSearch())}
          >
            <Search className="i" aria-hidden="true" />
          </button>
          <FilterMenu filter={filter} onFilter={(only) => change("only", only)} />
        </span>
      </div>
      {(isSearching || filter) && (
        <div className="subbar">
          {isSearching && (
            <SearchField
              value={q}
              inputRef={searchInput}
              label={`Search ${view.name.toLowerCase()}`}
              onSearch={(words) => change("q", words)}
              onLeave={() => setIsSearching(false)}
            />
          )}
          {filter && (
            <button type="button" className="chip line removable" onClick={() => change("only", "")}>
              {filter.name}
              <span aria-hidden="true">×</span>
              <span className="sr">, remove this filter</span>
            </button>
          )}
        </div>
      )}
      {list.isPending && !fault ? (
        <ListSkeleton />
      ) : fault ? (
        <Failed error={fault} what="list" onRetry={again} />
      ) : (
        <Rows
          entries={entries}
          rows={rows}
          view={view}
          openId={openId}
          onSearch={openSearch}
          isLoadingMore={Boolean(more)}
          onEnd={() => {
            if (more && !more.isFetchingNextPage) void more.fetchNextPage();
          }}
        />
      )}
      {!list.isPending && !fault && rows.length === 0 && !more && (
        <NothingHere view={view.view} q={q} filter={filter} />
      )}
    </section>
  );
}

function useEntries(
  view: View,
  pages: { items: InboxRow[] }[] | undefined,
  aiPages: { items: InboxRow[] }[] | undefined,
  {
    filter,
    isSearch,
    count,
    aiCount,
  }: { filter: Filter | null; isSearch: boolean; count: number | undefined; aiCount: number | undefined },
): Entry[] {
  const now = useNow();
  const today = new Date(now).toDateString();
  // biome-ignore lint/correctness/useExhaustiveDependencies: groups by day change only with the day.
  return useMemo(() => {
    const rows = (pages?.flatMap((page) => page.items) ?? []).filter((row) => !filter || filter.holds(row));
    if (view === "needs_you" && !isSearch) {
      const seen = new Set(rows.map((row) => row.id));
      const ai = (aiPages?.flatMap((page) => page.items) ?? []).filter((row) => !seen.has(row.id));
      return [...group("Handed over", rows, filter ? rows.length : count), ...group("With AI now", ai, aiCount, true)];
    }
    const entries: Entry[] = [];
    let last = "";
    for (const row of rows) {
      const group = dayGroup(row.changed_at, now);
      if (group !== last) entries.push({ group });
      entries.push({ row });
      last = group;
    }
    return entries;
  }, [view, pages, aiPages, filter, isSearch, count, aiCount, today]);
}

function group(name: string, rows: InboxRow[], count: number | undefined, isLive = false): Entry[] {
  if (rows.length === 0) return [];
  return [{ group: name, count: Math.max(count ?? 0, rows.length), isLive }, ...rows.map((row) => ({ row }))];
}

function Rows({
  entries,
  rows,
  view,
  openId,
  onSearch,
  onEnd,
  isLoadingMore,
}: {
  entries: Entry[];
  rows: InboxRow[];
  view: { slug: string };
  openId: string | undefined;
  onSearch: () => void;
  onEnd: () => void;
  isLoadingMore: boolean;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const [, go] = useLocation();
  const isNarrow = useIsNarrow();
  const [search] = useSearchParams();
  const keep = keptSearch(search);
  const virtual = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: (place) => ("group" in (entries[place] as Entry) ? GROUP_HEIGHT : ROW_HEIGHT),
    getItemKey: (place) => {
      const entry = entries[place] as Entry;
      return "row" in entry ? entry.row.id : entry.group;
    },
    overscan: 8,
  });

  const shown = virtual.getVirtualItems();
  const lastShown = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (isLoadingMore && lastShown >= entries.length - 12) onEnd();
  });

  const focusRow = useCallback(
    (id: string) => {
      const place = entries.findIndex((entry) => "row" in entry && entry.row.id === id);
      if (place < 0) return;
      virtual.scrollToIndex(place === 1 ? 0 : place, { align: "auto" });
      requestAnimationFrame(() => scroller.current?.querySelector<HTMLElement>(`[data-id="${id}"]`)?.focus());
    },
    [entries, virtual],
  );
  const move = useCallback(
    (by: 1 | -1, isOpening: boolean) => {
      const focused = document.activeElement?.closest<HTMLElement>("[data-id]")?.dataset.id;
      const from = rows.findIndex((row) => row.id === (isOpening ? openId : (focused ?? openId)));
      const next = rows[from < 0 ? (by > 0 ? 0 : rows.length - 1) : from + by];
      if (!next) return;
      if (isOpening) go(`/inbox/${view.slug}/${next.id}${keep}`, { replace: openId !== undefined });
      focusRow(next.id);
    },
    [rows, openId, go, view.slug, keep, focusRow],
  );
  const commands = useMemo<Command[]>(
    () => [
      { id: "next", title: "Next conversation", group: "Lists", keys: ["j"], run: () => move(1, !isNarrow) },
      { id: "previous", title: "Previous conversation", group: "Lists", keys: ["k"], run: () => move(-1, !isNarrow) },
      {
        id: "down",
        title: "Down the list",
        group: "Lists",
        keys: ["ArrowDown"],
        isKeyOnly: true,
        run: () => move(1, false),
      },
      {
        id: "up",
        title: "Up the list",
        group: "Lists",
        keys: ["ArrowUp"],
        isKeyOnly: true,
        run: () => move(-1, false),
      },
      { id: "search", title: "Search this list", group: "Lists", keys: ["/"], run: onSearch },
    ],
    [move, isNarrow, onSearch],
  );
  useCommands(commands);

  return (
    <div className="scroll" ref={scroller}>
      <div className="virtual" style={{ height: virtual.getTotalSize() }} role="list" aria-label="Conversations">
        {shown.map((item) => {
          const entry = entries[item.index] as Entry;
          const style = { transform: `translateY(${item.start}px)` };
          if ("group" in entry) {
            return (
              <div
                role="listitem"
                className="conv-place"
                key={item.key}
                style={style}
                ref={virtual.measureElement}
                data-index={item.index}
              >
                <h2 className="grp">
                  {entry.isLive && <span className="live" aria-hidden="true" />}
                  {entry.group} {entry.count !== undefined && <span className="ct">{number(entry.count)}</span>}
                </h2>
              </div>
            );
          }
          const isAfterRow = "row" in (entries[item.index - 1] ?? { group: "" });
          return (
            <Row
              key={item.key}
              row={entry.row}
              style={style}
              index={item.index}
              measure={virtual.measureElement}
              to={`/inbox/${view.slug}/${entry.row.id}${keep}`}
              isQueue={view.slug === "needs-you"}
              isOpen={entry.row.id === openId}
              isAfterOpen={isAfterRow && (entries[item.index - 1] as { row: InboxRow }).row.id === openId}
              hasRule={isAfterRow}
              place={rows.indexOf(entry.row) + 1}
              total={isLoadingMore ? -1 : rows.length}
            />
          );
        })}
      </div>
    </div>
  );
}

/** What of the address stays when another conversation is opened: the list's own search and filter. */
function keptSearch(search: URLSearchParams): string {
  const kept = new URLSearchParams();
  for (const name of ["q", "only"]) {
    const value = search.get(name);
    if (value) kept.set(name, value);
  }
  return kept.size ? `?${kept}` : "";
}

function FilterMenu({ filter, onFilter }: { filter: Filter | null; onFilter: (id: string) => void }) {
  return (
    <Menu.Root>
      <Menu.Trigger className={filter ? "btn ghost icon on" : "btn ghost icon"} aria-label="Filter">
        <ListFilter className="i" aria-hidden="true" />
      </Menu.Trigger>
      <Menu.Portal container={mainPlace()}>
        <Menu.Positioner align="end" sideOffset={4} collisionPadding={12} className="over">
          <Menu.Popup className="pop menu">
            <Menu.RadioGroup value={filter?.id ?? ""} onValueChange={(value) => onFilter(value as string)}>
              {[{ id: "", name: "Everything" }, ...FILTERS].map(({ id, name }) => (
                <Menu.RadioItem key={id} value={id} className="item" closeOnClick>
                  {name}
                  <Menu.RadioItemIndicator className="end">
                    <Check className="i i-14" aria-hidden="true" />
                  </Menu.RadioItemIndicator>
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

function ListSkeleton() {
  return (
    <Loading what="conversations">
      <div className="grp">
        <Skeleton width={84} />
      </div>
      {Array.from({ length: 7 }, (_, place) => (
        <div className="conv" key={place} style={{ height: ROW_HEIGHT }}>
          <span className="av" />
          <div className="who">
            <Skeleton width={`${45 + ((place * 17) % 25)}%`} />
          </div>
          <div className="sub">
            <Skeleton width={`${70 + ((place * 11) % 25)}%`} />
          </div>
          <div className="meta">
            <Skeleton width="35%" height={8} />
          </div>
        </div>
      ))}
    </Loading>
  );
}

const EMPTY: Record<View, { title: string; words: string }> = {
  needs_you: {
    title: "Nobody waits for a person",
    words:
      "When the agent is not sure enough, or a customer asks for a person, the conversation comes here with the reason, a summary and what was tried.",
  },
  mine: {
    title: "Nothing is assigned to you",
    words: "Take over a conversation with T, or have one assigned to you, and it stays here until it is resolved.",
  },
  with_ai: {
    title: "The agent has nothing to do",
    words: "Conversations that the agent is answering right now show up here, step by step, while it works.",
  },
  waiting: {
    title: "No customer has to answer",
    words: "After a reply, a conversation waits here until the customer writes again or it is resolved.",
  },
  all: {
    title: "No conversations yet",
    words:
      "Put the chat widget on a page, or open the help centre at /help and ask something: it appears here at once.",
  },
};

function NothingHere({ view, q, filter }: { view: View; q: string; filter: Filter | null }) {
  if (q || filter) {
    return (
      <Empty icon={<SearchX className="i" />} title="Nothing found">
        <p>{q ? `No conversation here has “${q}”.` : "No conversation here passes the filter."}</p>
      </Empty>
    );
  }
  return (
    <Empty icon={<Inbox className="i" />} title={EMPTY[view].title}>
      <p>{EMPTY[view].words}</p>
    </Empty>
  );
}
