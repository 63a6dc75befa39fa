import { Popover } from "@base-ui/react/popover";
import { ArrowUpRight } from "lucide-react";
import { Link } from "wouter";
import type { CitationCard } from "../api/types";
import { plainText } from "./markdown";

/** A numbered chip in a reply; it opens the words of the source that support what is said. */
export function CitationChip({ citation }: { citation: CitationCard }) {
  return (
    <Popover.Root>
      <Popover.Trigger className="cite" aria-label={`Source ${citation.number}: ${citation.title}`}>
        {citation.number}
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner sideOffset={6} collisionPadding={12} className="over">
          <Popover.Popup className="pop source-pop">
            <Popover.Title className="source-title" dir="auto">
              <span className="cite">{citation.number}</span>
              {citation.title}
            </Popover.Title>
            <Popover.Description render={<blockquote dir="auto" />}>{plainText(citation.quote)}</Popover.Description>
            <SourceLinks citation={citation} />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

export function SourceLinks({ citation }: { citation: Pick<CitationCard, "article_id" | "passage_id" | "url"> }) {
  return (
    <span className="source-links">
      <Link href={`/knowledge/articles/${citation.article_id}?passage=${citation.passage_id}`}>Open article</Link>
      {citation.url && (
        <a href={citation.url} target="_blank" rel="noreferrer noopener">
          Original
          <ArrowUpRight className="i i-12" aria-hidden="true" />
        </a>
      )}
    </span>
  );
}
