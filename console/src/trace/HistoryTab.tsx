import type { ReactNode } from "react";
import type { ConversationDetail } from "../api/types";
import { useNow } from "../parts/now";
import { Time } from "../parts/small";
import { at, DECISIONS, duration } from "../parts/words";
import { useTracePanel } from "./usePanel";

interface Moment {
  key: string;
  at: string;
  tone: "ai" | "person" | "plain" | "good";
  words: ReactNode;
}

/** What happened in this conversation, newest first. */
export function HistoryTab({ detail }: { detail: ConversationDetail }) {
  const now = useNow();
  const panel = useTracePanel();
  const moments: Moment[] = [
    ...detail.episodes.flatMap((episode): Moment[] => [
      {
        key: `${episode.id}-opened`,
        at: episode.opened_at,
        tone: "plain",
        words: episode.number === 1 ? `Opened on release r${detail.release}` : `Reopened, episode ${episode.number}`,
      },
      ...(episode.resolved_at
        ? [{ key: `${episode.id}-resolved`, at: episode.resolved_at, tone: "good" as const, words: "Resolved" }]
        : []),
    ]),
    ...detail.messages
      .filter((message) => message.author === "note" || message.author === "rep")
      .map(
        (message): Moment => ({
          key: message.id,
          at: message.created_at,
          tone: "person",
          words: message.author === "note" ? message.text : `${message.rep_name ?? "A colleague"} replied`,
        }),
      ),
    ...detail.handoffs.map(
      (handoff): Moment => ({
        key: handoff.id,
        at: handoff.created_at,
        tone: "person",
        words: `Handed over: ${handoff.reason}`,
      }),
    ),
    ...detail.runs.map(
      (run): Moment => ({
        key: run.id,
        at: run.started_at,
        tone: "ai",
        words: (
          <button type="button" className="as-link" onClick={() => panel.open("trace", run.id)}>
            {run.decision ? DECISIONS[run.decision] : "Run"}
            {run.confidence !== null && ` with ${run.confidence.toFixed(2)}`}
            {run.duration_us !== null && ` in ${duration(run.duration_us)}`}, r{run.release}
          </button>
        ),
      }),
    ),
  ].sort((a, b) => b.at.localeCompare(a.at));
  return (
    <div className="side">
      <ol className="moments">
        {moments.map((moment) => (
          <li key={moment.key} className={moment.tone}>
            <span dir="auto">{moment.words}</span>
            <Time value={moment.at}>{at(moment.at, now)}</Time>
          </li>
        ))}
      </ol>
    </div>
  );
}
