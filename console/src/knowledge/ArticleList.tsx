import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { BookOpen, SearchX } from "lucide-react";
import { type RefObject, useCallback, useEffect, useMemo, useRef } from "react";
import { Link, useSearchParams } from "wouter";
import { useFault } from "../api/faults";
import { articlesQuery, sourcesQuery } from "../api/queries";
import { SearchField } from "../parts/Search";
import { Empty, Failed, Loading, Skeleton } from "../parts/small";
import { day, language, number, plural } from "../parts/words";
import { type Command, useCommands } from "../shell/commands";
import { listKeys, moveFocus } from "../shell/lists";
import { sourceName } from "./names";

const ROW_HEIGHT = 36;

/** Every article that is in force, by title. */
export function ArticleList() {
  const [search, setSearch] = useSearchParams();
  const q = search.get("q") ?? "";
  const source = search.get("source") ?? "";
  const input = useRef<HTMLInputElement>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const list = useInfiniteQuery(articlesQuery(q, source));
  const { fault, again } = useFault(list, articlesQuery(q, source).queryKey);
  const { data: sources } = useQuery(sourcesQuery);
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const total = list.data?.pages[0]?.total;
  const change = (name: string, value: string) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        if (value) after.set(name, value);
        else after.delete(name);
        return after;
      },
      { replace: true },
    );

  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
  });
  const shown = virtual.getVirtualItems();
  const lastShown = shown.at(-1)?.index ?? 0;
  useEffect(() => {
    if (list.hasNextPage && !list.isFetchingNextPage && lastShown >= rows.length - 20) void list.fetchNextPage();
  });
  useArticleKeys(scroller, input);

  return (
    <section className="card table-card" aria-label="Articles">
      <header>
        <SearchField value={q} inputRef={input} label="Search articles" onSearch={(words) => change("q", words)} />
        {sources && sources.length > 1 && (
          <select
            className="select"
            aria-label="Source"
            value={source}
            onChange={(event) => change("source", event.target.value)}
          >
            <option value="">All sources</option>
            {sources.map((one) => (
              <option key={one.id} value={one.id}>
                {sourceName(one)}
              </option>
            ))}
          </select>
        )}
        <span className="dim num end">{total !== undefined && plural(total, "article")}</span>
      </header>
      {list.isPending && !fault ? (
        <Loading what="articles">
          {Array.from({ length: 9 }, (_, place) => (
            <div className="arow" key={place}>
              <Skeleton width={`${30 + ((place * 19) % 34)}%`} />
            </div>
          ))}
        </Loading>
      ) : fault ? (
        <Failed error={fault} what="list" onRetry={again} />
      ) : rows.length === 0 ? (
        <NoArticles q={q} />
      ) : (
        <>
          <div className="arow ahead" aria-hidden="true">
            <span>Title</span>
            <span>Section</span>
            <span>Language</span>
            <span className="r">Words</span>
            <span className="r">Revision</span>
            <span className="r">Revised</span>
          </div>
          <div className="scroll articles" ref={scroller}>
            <div className="virtual" style={{ height: virtual.getTotalSize() }} role="list" aria-label="Articles">
              {shown.map((item) => {
                const row = rows[item.index];
                if (!row) return null;
                return (
                  <div
                    role="listitem"
                    key={row.id}
                    className="conv-place"
                    style={{ transform: `translateY(${item.start}px)`, height: ROW_HEIGHT }}
                  >
                    <Link to={`/knowledge/articles/${row.id}`} className="arow" data-article={row.id}>
                      <b className="trunc" dir="auto">
                        {row.title}
                      </b>
                      <span className="trunc dim" dir="auto">
                        {row.section ?? ""}
                      </span>
                      <span className="dim">{language(row.language)}</span>
                      <span className="r num dim">{number(row.words)}</span>
                      <span className="r num dim">{row.revision}</span>
                      <span className="r num dim">{day(row.revised_at)}</span>
                    </Link>
                  </div>
                );
              })}
            </div>
          </div>
        </>
      )}
    </section>
  );
}

function useArticleKeys(scroller: RefObject<HTMLDivElement | null>, input: RefObject<HTMLInputElement | null>): void {
  const move = useCallback((by: 1 | -1) => moveFocus(scroller.current, "[data-article]", by), [scroller]);
  const commands = useMemo<Command[]>(
    () => [
      ...listKeys("article", move),
      { id: "search", title: "Search articles", group: "Lists", keys: ["/"], run: () => input.current?.focus() },
    ],
    [move, input],
  );
  useCommands(commands);
}

function NoArticles({ q }: { q: string }) {
  if (q) {
    return (
      <Empty icon={<SearchX className="i" />} title="Nothing found">
        <p>No article has “{q}”.</p>
        <Link className="btn" to={`/knowledge/search?q=${encodeURIComponent(q)}`}>
          Search as the agent does
        </Link>
      </Empty>
    );
  }
  return (
    <Empty icon={<BookOpen className="i" />} title="No articles yet">
      <p>
        What the agent says is quoted from articles. Import the help centre that you have, and it can answer at once.
      </p>
      <Link className="btn primary" to="/knowledge/sources">
        Import a site
      </Link>
    </Empty>
  );
}
