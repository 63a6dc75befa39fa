import { Popover } from "@base-ui/react/popover";
import { useQuery } from "@tanstack/react-query";
import { CircleAlert, CircleCheck } from "lucide-react";
import { useState } from "react";
import { useMe } from "../api/me";
import { releasesQuery, statusQuery } from "../api/queries";
import { Skeleton } from "../parts/small";
import { day, number, plural } from "../parts/words";

const RELEASES_SHOWN = 6;

/** The release in force and how the program is doing; opens to the details. */
export function ReleaseCard() {
  const me = useMe();
  const { data: status, failureReason } = useQuery(statusQuery);
  const waiting = status?.turns_waiting ?? 0;
  const release = status?.release ?? me.release;
  return (
    <Popover.Root>
      <Popover.Trigger className="rel">
        <span className="row">
          {release ? (
            <>
              <b>r{release}</b> live for 100%
            </>
          ) : (
            "Nothing released yet"
          )}
          <span className="end">
            {failureReason ? (
              <CircleAlert className="i i-14 bad" aria-label="Status unknown" />
            ) : (
              <CircleCheck className="i i-14 good" aria-label="Working" />
            )}
          </span>
        </span>
        <span className="row">
          {status ? (
            <>
              <span className="trunc">{plural(status.articles, "article")}</span>
              <span className={waiting ? "end num warn" : "end num dim"}>
                {waiting ? `${number(waiting)} waiting` : `v${status.version}`}
              </span>
            </>
          ) : failureReason ? (
            "Status unknown"
          ) : (
            <Skeleton width="80%" height={10} />
          )}
        </span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner side="right" align="end" sideOffset={10} collisionPadding={12} className="over">
          <Popover.Popup className="pop rel-pop">
            <Details />
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Details() {
  const { data: status } = useQuery(statusQuery);
  const { data: releases } = useQuery(releasesQuery);
  const [isLong, setIsLong] = useState(false);
  const newest = [...(releases ?? [])].sort((a, b) => b.number - a.number);
  return (
    <>
      <Popover.Title render={<h2 />}>Release {status ? `r${status.release}` : ""}</Popover.Title>
      {status && (
        <dl className="facts">
          <dt>Model</dt>
          <dd className="mono">{status.model}</dd>
          <dt>Knowledge</dt>
          <dd>
            {plural(status.articles, "article")}, {plural(status.passages, "passage")}
          </dd>
          <dt>Conversations</dt>
          <dd>{number(status.conversations)}</dd>
          <dt>Turns waiting</dt>
          <dd>{number(status.turns_waiting)}</dd>
          <dt>Program</dt>
          <dd>
            {status.version} on {status.database === "sqlite" ? "SQLite" : "PostgreSQL"}
          </dd>
        </dl>
      )}
      {newest.length > 0 && (
        <ol className="releases">
          {newest.slice(0, isLong ? undefined : RELEASES_SHOWN).map((release) => (
            <li key={release.number}>
              <b className="num">r{release.number}</b>
              <span dir="auto">{release.reason}</span>
              <time dateTime={release.created_at}>{day(release.created_at)}</time>
            </li>
          ))}
        </ol>
      )}
      {newest.length > RELEASES_SHOWN && !isLong && (
        <button type="button" className="btn ghost sm" onClick={() => setIsLong(true)}>
          Show all {number(newest.length)}
        </button>
      )}
    </>
  );
}
