import { useQuery } from "@tanstack/react-query";
import { Search, SearchX } from "lucide-react";
import { useMemo, useRef } from "react";
import { useSearchParams } from "wouter";
import { useFault } from "../api/faults";
import { searchQuery } from "../api/queries";
import { SearchField } from "../parts/Search";
import { Empty, Failed, Loading, Skeleton } from "../parts/small";
import { duration, plural } from "../parts/words";
import { type Command, useCommands } from "../shell/commands";
import { Passages } from "../trace/Passages";

/** A search just as the agent makes it, with the scores that decide. */
export function TrySearch() {
  const [search, setSearch] = useSearchParams();
  const q = search.get("q") ?? "";
  const input = useRef<HTMLInputElement>(null);
  const result = useQuery(searchQuery(q));
  const { fault, again } = useFault(result, searchQuery(q).queryKey);
  const commands = useMemo<Command[]>(
    () => [
      {
        id: "search",
        title: "Search",
        group: "Lists",
        keys: ["/"],
        isKeyOnly: true,
        run: () => input.current?.focus(),
      },
    ],
    [],
  );
  useCommands(commands);
  const { data } = result;
  return (
    <section className="card try-card" aria-label="Try a search">
      <header>
        <SearchField
          value={q}
          inputRef={input}
          label="Ask as a customer would"
          onSearch={(words) => setSearch(words ? { q: words } : {}, { replace: true })}
        />
      </header>
      {!q.trim() ? (
        <Empty icon={<Search className="i" />} title="See what the agent would find">
          <p>
            Ask as a customer would. You get the passages in the order in which the agent sees them, what the words and
            the meaning each contributed, and how likely it is that the best one answers the question.
          </p>
        </Empty>
      ) : result.isPending && !fault ? (
        <Loading what="what was found">
          {[0, 1, 2].map((place) => (
            <div className="passage" key={place}>
              <Skeleton width="45%" height={12} />
              <Skeleton width="90%" />
              <Skeleton width="70%" />
            </div>
          ))}
        </Loading>
      ) : fault ? (
        <Failed error={fault} what="search" onRetry={again} />
      ) : data && data.hits.length > 0 ? (
        <div aria-busy={result.isPlaceholderData}>
          <dl className="sum try-sum">
            <div>
              <dt>Confidence</dt>
              <dd>{data.confidence.toFixed(2)}</dd>
            </div>
            <div>
              <dt>Time</dt>
              <dd>{duration(data.duration_us)}</dd>
            </div>
            <div>
              <dt>Release</dt>
              <dd>r{data.release}</dd>
            </div>
            <div>
              <dt>Found</dt>
              <dd>{plural(data.hits.length, "passage")}</dd>
            </div>
          </dl>
          <Passages key={data.query} hits={data.hits} />
        </div>
      ) : (
        <Empty icon={<SearchX className="i" />} title="Nothing was found">
          <p>No published passage comes near this. Asked by a customer, it would be handed over to a person.</p>
        </Empty>
      )}
    </section>
  );
}
