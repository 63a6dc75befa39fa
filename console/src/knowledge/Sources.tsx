import { useQuery } from "@tanstack/react-query";
import { FileText, Folder, Globe, type LucideIcon, Plug } from "lucide-react";
import { type FormEvent, useState } from "react";
import { Link } from "wouter";
import { Problem } from "../api/client";
import { useFault } from "../api/faults";
import { useMe } from "../api/me";
import { importQuery, sourcesQuery, useImportSite } from "../api/queries";
import { type ImportRow, mayActAs, type SourceKind, type SourceRow } from "../api/types";
import { useNow } from "../parts/now";
import { Empty, Failed, Loading, Skeleton, Time } from "../parts/small";
import { at, duration, number, plural } from "../parts/words";
import { SOURCE_KINDS } from "./names";

const ICONS: Record<SourceKind, LucideIcon> = { folder: Folder, site: Globe, jsonl: FileText, console: FileText };

/** Where articles come from, what the last import of each did, and a new one by its address. */
export function Sources() {
  const me = useMe();
  const asked = useQuery(sourcesQuery);
  const { data: sources } = asked;
  const { fault, again } = useFault(asked, sourcesQuery.queryKey);
  return (
    <>
      {mayActAs(me, "builder") ? (
        <ImportSite />
      ) : (
        <p className="card note-card">Builders import new sites. Folders and files are imported at the command line.</p>
      )}
      {fault ? (
        <Failed error={fault} what="list" onRetry={again} />
      ) : !sources ? (
        <Loading what="sources">
          {[0, 1].map((place) => (
            <div className="card source-card" key={place}>
              <Skeleton width="40%" height={12} />
              <Skeleton width="70%" />
            </div>
          ))}
        </Loading>
      ) : sources.length === 0 ? (
        <Empty icon={<Plug className="i" />} title="No source yet">
          <p>
            Give the address of a help centre above. A folder of Markdown or HTML, or a JSONL file, is imported at the
            command line with <code>answerable import</code>. Importing again finds what is new, changed or gone.
          </p>
        </Empty>
      ) : (
        sources.map((source) => <SourceCard key={source.id} source={source} />)
      )}
    </>
  );
}

function ImportSite() {
  const [url, setUrl] = useState("");
  const start = useImportSite();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const address = /^https?:\/\//i.test(url.trim()) ? url.trim() : `https://${url.trim()}`;
    start.mutate(address, { onSuccess: () => setUrl("") });
  };
  return (
    <section className="card import-card" aria-label="Import a site">
      <form onSubmit={submit}>
        <Globe className="i dim" aria-hidden="true" />
        <input
          type="text"
          inputMode="url"
          required
          aria-label="Address of a help centre or its sitemap"
          placeholder="help.example.com"
          value={url}
          onChange={(event) => setUrl(event.target.value)}
        />
        <button type="submit" className="btn primary" disabled={start.isPending || !url.trim()}>
          {start.isPending ? "Starting…" : "Import site"}
        </button>
      </form>
      <p role="alert" className="form-problem">
        {start.error && (start.error instanceof Problem ? start.error.message : "Something in the console went wrong.")}
      </p>
      <p className="field-hint">
        Only pages of the same host are read, politely and as its robots.txt allows; pages that are the same as before
        stay as they are.
      </p>
    </section>
  );
}

function SourceCard({ source }: { source: SourceRow }) {
  const Icon = ICONS[source.kind];
  const isRunning = source.last_import?.state === "running";
  const { data: live } = useQuery({ ...importQuery(source.last_import?.id ?? ""), enabled: isRunning });
  const report = isRunning && live ? live : source.last_import;
  return (
    <section className="card source-card" aria-label={source.location}>
      <header>
        <Icon className="i dim" aria-hidden="true" />
        <h2 className={source.kind === "site" ? "trunc" : "trunc from-end"} title={source.location}>
          <bdi>{source.location}</bdi>
        </h2>
        <span className="dim">{SOURCE_KINDS[source.kind]}</span>
        <Link className="btn sm end" to={`/knowledge?source=${source.id}`}>
          {plural(source.articles, "article")}
        </Link>
      </header>
      {report ? <Report report={report} /> : <p className="dim pad">Nothing was imported from here yet.</p>}
    </section>
  );
}

const FIGURES = [
  ["new", "New"],
  ["changed", "Changed"],
  ["unchanged", "Unchanged"],
  ["gone", "Gone"],
] as const;

function Report({ report }: { report: ImportRow }) {
  const now = useNow();
  const took = report.ended_at ? (Date.parse(report.ended_at) - Date.parse(report.started_at)) * 1000 : null;
  return (
    <>
      <dl className="figures" aria-live="off">
        {FIGURES.map(([name, label]) => (
          <div key={name}>
            <dt>{label}</dt>
            <dd className="num">{number(report[name])}</dd>
          </div>
        ))}
        <div className={report.skipped.length ? "warn" : ""}>
          <dt>Skipped</dt>
          <dd className="num">{number(report.skipped.length)}</dd>
        </div>
      </dl>
      <p className="report-line" role="status">
        {report.state === "running" && (
          <>
            <span className="live" aria-hidden="true" /> Importing, {number(read(report))} pages read so far
          </>
        )}
        {report.state === "failed" && <span className="bad">The import failed; what was in force stays in force.</span>}
        {report.state === "done" && (
          <>
            Imported <Time value={report.started_at}>{at(report.started_at, now)}</Time>
            {took !== null && ` in ${duration(took)}`}
            {report.release ? `, in force since release r${report.release}` : "; nothing had changed"}
          </>
        )}
      </p>
      {report.state === "running" && <div className="progress" aria-hidden="true" />}
      {report.skipped.length > 0 && (
        <details className="skipped">
          <summary>{plural(report.skipped.length, "page was", "pages were")} not read</summary>
          <dl>
            {report.skipped.map(({ name, reason }) => (
              <div key={name}>
                <dt dir="auto">{name}</dt>
                <dd dir="auto">{reason}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </>
  );
}

const read = (report: ImportRow) => report.new + report.changed + report.unchanged + report.skipped.length;
