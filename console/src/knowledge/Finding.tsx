import type { SourceRow, Status } from "../api/types";
import { Skeleton } from "../parts/small";
import { day, number, plural } from "../parts/words";
import { sourceName } from "./names";

/** The state of knowledge in a sentence, by rule from what the imports report. */
export function Finding({ sources, status }: { sources: SourceRow[] | null | undefined; status: Status | undefined }) {
  if (sources === null) return null;
  if (!sources || !status) {
    return (
      <div className="lede" aria-busy="true">
        <div>
          <Skeleton width="60%" height={30} />
          <p>
            <Skeleton width="75%" height={12} />
          </p>
        </div>
      </div>
    );
  }
  return (
    <div className="lede">
      <div>
        <h2>{headline(sources, status)}</h2>
        <p>{more(sources, status)}</p>
      </div>
    </div>
  );
}

function headline(sources: SourceRow[], status: Status): string {
  if (status.articles === 0) return "The agent knows nothing yet.";
  const failed = sources.filter((source) => source.last_import?.state === "failed");
  const [first] = failed;
  if (first) {
    return failed.length === 1
      ? `The last import of ${sourceName(first)} failed.`
      : `The last imports of ${failed.length} sources failed.`;
  }
  const skipped = sources.reduce((sum, source) => sum + (source.last_import?.skipped.length ?? 0), 0);
  const articles = plural(status.articles, "article");
  if (skipped > 0) return `${articles} in force; ${plural(skipped, "page")} could not be read.`;
  return `${articles} in force, and every page could be read.`;
}

function more(sources: SourceRow[], status: Status): string {
  if (status.articles === 0) {
    return "Import a help centre by its address under Sources, or a folder of Markdown at the command line: answerable import ./help.";
  }
  const last = sources
    .flatMap((source) => (source.last_import?.ended_at ? [source.last_import] : []))
    .sort((a, b) => (b.ended_at ?? "").localeCompare(a.ended_at ?? ""))
    .at(0);
  const changed = last ? last.new + last.changed + last.gone : 0;
  const when = last
    ? ` The last import was on ${day(last.ended_at ?? last.started_at)} and ${changed ? `changed ${plural(changed, "article")}` : "changed nothing"}.`
    : "";
  return `Release r${status.release} answers from ${number(status.passages)} passages out of ${plural(sources.length, "source")}.${when}`;
}
