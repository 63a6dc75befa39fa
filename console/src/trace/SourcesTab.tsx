import { useQuery } from "@tanstack/react-query";
import { BookOpen } from "lucide-react";
import { traceQuery } from "../api/queries";
import type { CitationCard, RunCard, SearchHit } from "../api/types";
import { SourceLinks } from "../parts/CitationChip";
import { plainText } from "../parts/markdown";
import { Empty } from "../parts/small";
import { hitsOf, Passages } from "./Passages";

/** The words that support the reply, and what else was found and not used. */
export function SourcesTab({ run, citations }: { run: RunCard | undefined; citations: CitationCard[] }) {
  const { data: trace } = useQuery({ ...traceQuery(run?.id ?? ""), enabled: run !== undefined });
  const cited = new Set(citations.map((citation) => citation.passage_id));
  const others = new Map<string, SearchHit>();
  for (const span of trace?.spans ?? []) {
    for (const hit of (span.kind === "retrieval" && hitsOf(span.output)?.hits) || []) {
      if (!cited.has(hit.passage_id) && !others.has(hit.passage_id)) others.set(hit.passage_id, hit);
    }
  }
  if (citations.length === 0 && others.size === 0) {
    return (
      <Empty icon={<BookOpen className="i" />} title="No source">
        <p>
          When a reply rests on an article, its words stand here: the passage, the article and the revision that was in
          force.
        </p>
      </Empty>
    );
  }
  return (
    <div className="side">
      {citations.length > 0 && (
        <>
          <h2>Cited in the reply</h2>
          <ol className="sources">
            {citations.map((citation) => (
              <li key={citation.number}>
                <div className="source-title" dir="auto">
                  <span className="cite">{citation.number}</span>
                  {citation.title}
                </div>
                <blockquote dir="auto">{plainText(citation.quote)}</blockquote>
                <SourceLinks citation={citation} />
              </li>
            ))}
          </ol>
        </>
      )}
      {others.size > 0 && (
        <>
          <h2>Found, not used</h2>
          <div className="boxed">
            <Passages hits={[...others.values()]} />
          </div>
        </>
      )}
    </div>
  );
}
