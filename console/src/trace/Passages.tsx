import { Check } from "lucide-react";
import { type CSSProperties, useState } from "react";
import { Link } from "wouter";
import type { Json, SearchHit } from "../api/types";
import { plainText } from "../parts/markdown";
import { plural } from "../parts/words";

const SHOWN_FIRST = 4;

/** What a retrieval step found, if its output says so. */
export function hitsOf(output: Json): { hits: SearchHit[]; confidence: number | null } | null {
  if (output === null || typeof output !== "object" || Array.isArray(output) || !Array.isArray(output.hits))
    return null;
  return {
    hits: output.hits as unknown as SearchHit[],
    confidence: typeof output.confidence === "number" ? output.confidence : null,
  };
}

/** Passages with their scores, best first; those that the reply cites are marked. */
export function Passages({ hits, cited }: { hits: SearchHit[]; cited?: Set<string> }) {
  const [isLong, setIsLong] = useState(false);
  const shown = isLong ? hits : hits.slice(0, SHOWN_FIRST);
  if (hits.length === 0) return <p className="dim pad">No passage was found.</p>;
  return (
    <>
      <ol className="passages">
        {shown.map((hit) => (
          <PassageView key={hit.passage_id} hit={hit} isCited={cited?.has(hit.passage_id) ?? false} />
        ))}
      </ol>
      {shown.length < hits.length && (
        <button type="button" className="more-lines" onClick={() => setIsLong(true)}>
          Show {plural(hits.length - shown.length, "more passage")}
        </button>
      )}
    </>
  );
}

function PassageView({ hit, isCited }: { hit: SearchHit; isCited: boolean }) {
  return (
    <li className={isCited ? "passage cited" : "passage"}>
      <div className="passage-head">
        <Link to={`/knowledge/articles/${hit.article_id}?passage=${hit.passage_id}`} className="trunc" dir="auto">
          {hit.title}
        </Link>
        {isCited && (
          <span className="chip good">
            <Check className="i" aria-hidden="true" />
            used
          </span>
        )}
      </div>
      {hit.heading_path.length > 0 && (
        <div className="passage-path trunc" dir="auto">
          {hit.heading_path.join(" › ")}
        </div>
      )}
      <p dir="auto">{plainText(hit.text)}</p>
      <dl className="scores">
        <Score name="Fused" value={hit.score} tone="fused" />
        <Score name="Lexical" value={hit.lexical} tone="lexical" />
        <Score name="Dense" value={hit.dense} tone="dense" />
      </dl>
    </li>
  );
}

function Score({ name, value, tone }: { name: string; value: number; tone: string }) {
  // Scores run from 0 to 1; a lexical one may not, and then its bar is full.
  const style = { "--v": Math.max(0, Math.min(1, value)) * 100 } as CSSProperties;
  return (
    <div className={tone}>
      <dt>{name}</dt>
      <dd>
        <span className="score-bar" aria-hidden="true">
          <i style={style} />
        </span>
        {value.toFixed(2)}
      </dd>
    </div>
  );
}
