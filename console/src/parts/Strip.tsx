import { type CSSProperties, memo } from "react";
import type { SpanKind, StripBar } from "../api/types";

/** The hue of a kind of step; the same in strips, in the trace and in charts. */
export const HUES: Record<SpanKind, string> = {
  agent: "k-model",
  model: "k-model",
  classifier: "k-model",
  retrieval: "k-retrieve",
  action: "k-tool",
  handoff: "k-action",
  guard: "k-check",
  grader: "k-check",
  policy: "k-check",
};

/** A very short step is still a step: every bar gets at least this share of the longest. */
const SHARE_MIN = 0.11;

/** Our signature: one bar per step, width by time, hue by kind, hatched while held. */
export const Strip = memo(function Strip({ bars, isRunning = false }: { bars: StripBar[]; isRunning?: boolean }) {
  const longest = Math.max(1, ...bars.map((bar) => bar.duration_us));
  const weight = (us: number) => Math.max(SHARE_MIN, us / longest) * 10;
  return (
    <span className="strip" aria-hidden="true">
      {bars.map((bar, place) => (
        <i
          key={place}
          className={`${HUES[bar.kind]}${bar.state === "held" ? " held" : ""}${bar.state === "failed" ? " failed" : ""}`}
          style={{ "--w": weight(bar.duration_us).toFixed(2) } as CSSProperties}
        />
      ))}
      {isRunning && (
        <>
          <i className="k-model run" style={{ "--w": "7" } as CSSProperties} />
          <i className="todo" style={{ "--w": "3" } as CSSProperties} />
        </>
      )}
    </span>
  );
});
