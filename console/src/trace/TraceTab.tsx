import { useQuery } from "@tanstack/react-query";
import { ChevronRight, Footprints, TriangleAlert } from "lucide-react";
import type { CSSProperties } from "react";
import { CallsOfRun } from "../actions/InConversation";
import { useFault } from "../api/faults";
import { traceQuery } from "../api/queries";
import type { ConversationDetail, RunCard, SpanCard } from "../api/types";
import { JsonView } from "../parts/JsonView";
import { HUES } from "../parts/Strip";
import { Empty, Failed, Loading, Skeleton } from "../parts/small";
import { cost, DECISIONS, duration, milliseconds, number } from "../parts/words";
import { hitsOf, Passages } from "./Passages";
import { axisOf, isCode, type Step, StepIcon, stepsOf, stepTitle } from "./steps";
import { useTracePanel } from "./usePanel";

/** Every step of a run, as a waterfall; live while the run goes. */
export function TraceTab({ detail, run }: { detail: ConversationDetail; run: RunCard | undefined }) {
  const trace = useQuery({
    ...traceQuery(run?.id ?? ""),
    enabled: run !== undefined,
    // Steps come over the stream; this catches up with any that came before the trace was open.
    refetchInterval: run?.state === "running" ? 2000 : false,
  });
  const { fault, again } = useFault(trace, traceQuery(run?.id ?? "").queryKey);
  if (!run) {
    return (
      <Empty icon={<Footprints className="i" />} title="No answer yet">
        <p>
          When the agent works on an answer, each of its steps shows up here: what went in, what came out, how long it
          took and what it cost.
        </p>
      </Empty>
    );
  }
  const spans = trace.data?.spans ?? [];
  const steps = stepsOf(spans);
  const total = Math.max(1, run.duration_us ?? 0, ...spans.map((span) => span.offset_us + span.duration_us));
  const cited = new Set(
    detail.messages
      .filter((message) => message.run_id === run.id)
      .flatMap((message) => message.citations.map((one) => one.passage_id)),
  );
  return (
    <>
      <Summary run={run} detail={detail} total={total} />
      {trace.isPending && !fault ? (
        <Loading what="the steps">
          <div className="steps">
            {run.strip.map((_, place) => (
              <div className="step-skeleton" key={place}>
                <Skeleton width={`${38 + ((place * 13) % 22)}%`} />
              </div>
            ))}
          </div>
        </Loading>
      ) : fault ? (
        <Failed error={fault} what="trace" onRetry={again} />
      ) : (
        <>
          {steps.length > 0 && <Axis total={total} />}
          <div className="steps" style={{ "--grid": `${(axisOf(total).step / total) * 100}%` } as CSSProperties}>
            {steps.map((step) => (
              <StepView key={step.span.id} step={step} total={total} cited={cited} />
            ))}
            {run.state === "running" && (
              <div className="srow running-row" role="status">
                <span className="live" aria-hidden="true" />
                {spans.length ? "Next step is under way" : "The first step is under way"}
              </div>
            )}
          </div>
          <CallsOfRun conversationId={detail.row.id} runId={run.id} />
          {run.state !== "running" && <Verdict run={run} />}
        </>
      )}
    </>
  );
}

function Summary({ run, detail, total }: { run: RunCard; detail: ConversationDetail; total: number }) {
  const panel = useTracePanel();
  const place = detail.runs.indexOf(run);
  const before = detail.runs[place - 1];
  const after = detail.runs[place + 1];
  return (
    <div className="sumrow">
      <dl className="sum">
        <div>
          <dt>Time</dt>
          <dd>{duration(run.duration_us ?? total)}</dd>
        </div>
        <div>
          <dt>Tokens</dt>
          <dd title={`${number(run.tokens_in)} in, ${number(run.tokens_out)} out`}>
            {number(run.tokens_in + run.tokens_out)}
          </dd>
        </div>
        <div>
          <dt>Cost</dt>
          <dd>{cost(run.cost_micros)}</dd>
        </div>
        <div>
          <dt>Release</dt>
          <dd>r{run.release}</dd>
        </div>
      </dl>
      {detail.runs.length > 1 && (
        <div className="row tight">
          <span className="dim num run-place">
            {place + 1} of {detail.runs.length}
          </span>
          <button
            type="button"
            className="btn sm icon"
            aria-label="Earlier run"
            disabled={!before}
            onClick={() => before && panel.open("trace", before.id)}
          >
            <ChevronRight className="i i-14 flip" aria-hidden="true" />
          </button>
          <button
            type="button"
            className="btn sm icon"
            aria-label="Later run"
            disabled={!after}
            onClick={() => after && panel.open("trace", after.id)}
          >
            <ChevronRight className="i i-14" aria-hidden="true" />
          </button>
        </div>
      )}
    </div>
  );
}

function Axis({ total }: { total: number }) {
  const { ticks, end } = axisOf(total);
  return (
    <div className="axis" aria-hidden="true">
      <span />
      <span className="scale">
        <span>0</span>
        {ticks.map((tick) => (
          <span key={tick.us} className="tick" style={{ left: `${(tick.us / total) * 100}%` }}>
            {tick.label}
          </span>
        ))}
        <span className="last">{end}</span>
      </span>
      <span className="r">ms</span>
    </div>
  );
}

function StepView({ step: { span, children }, total, cited }: { step: Step; total: number; cited: Set<string> }) {
  const left = (span.offset_us / total) * 100;
  const width = Math.min((span.duration_us / total) * 100, 100 - left);
  const lane = { "--a": left.toFixed(2), "--b": width.toFixed(2) } as CSSProperties;
  return (
    <details className={`step ${HUES[span.kind]}${span.state === "failed" ? " is-failed" : ""}`}>
      <summary>
        <ChevronRight className="i tw" aria-hidden="true" />
        <StepIcon span={span} />
        <span className="nm trunc">
          {isCode(span) ? <span className="mono">{stepTitle(span)}</span> : stepTitle(span)}{" "}
          <span dir="auto" className={span.state === "failed" ? "bad" : ""}>
            {span.summary || (span.state === "failed" ? "failed" : "")}
          </span>
        </span>
        <span className="lane" aria-hidden="true">
          <i className={span.state === "held" ? "held" : ""} style={lane} />
        </span>
        <span className="ms">
          {milliseconds(span.duration_us)}
          <span className="sr"> milliseconds</span>
        </span>
      </summary>
      <Detail span={span} cited={cited} />
      {children.length > 0 && (
        <div className="kids">
          {children.map((child) => (
            <StepView key={child.span.id} step={child} total={total} cited={cited} />
          ))}
        </div>
      )}
    </details>
  );
}

function Detail({ span, cited }: { span: SpanCard; cited: Set<string> }) {
  const found = span.kind === "retrieval" ? hitsOf(span.output) : null;
  const tokens = span.tokens_in + span.tokens_out;
  return (
    <div className="det">
      {span.input !== null && (
        <div className="part">
          <div className="cap">{span.state === "held" ? "Would run with" : "Input"}</div>
          <JsonView value={span.input} />
        </div>
      )}
      {found ? (
        <div className="part">
          <div className="cap">
            Output
            {found.confidence !== null && <span className="end mono">confidence {found.confidence.toFixed(2)}</span>}
          </div>
          <Passages hits={found.hits} cited={cited} />
        </div>
      ) : (
        span.output !== null && (
          <div className="part">
            <div className="cap">
              Output <span className="end mono">{sizeOf(span.output)}</span>
            </div>
            <JsonView value={span.output} />
          </div>
        )
      )}
      <div className="foot">
        <span>{duration(span.duration_us)}</span>
        <span>at {duration(span.offset_us)}</span>
        {tokens > 0 && (
          <span>
            {number(span.tokens_in)} tokens in, {number(span.tokens_out)} out
          </span>
        )}
        {span.cost_micros > 0 && <span>{cost(span.cost_micros)}</span>}
      </div>
      {span.error && (
        <div className={span.state === "failed" ? "rule bad-rule" : "rule"}>
          <TriangleAlert className="i i-14" aria-hidden="true" />
          <span dir="auto">{span.error}</span>
        </div>
      )}
    </div>
  );
}

function sizeOf(value: unknown): string {
  const bytes = new TextEncoder().encode(JSON.stringify(value)).length;
  return bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} kB`;
}

/** How the run ended, with the reason that is kept. */
function Verdict({ run }: { run: RunCard }) {
  if (!run.decision && !run.reason) return null;
  const tone = run.decision === "answer" || run.decision === "act" ? "good" : run.decision === "hand_off" ? "warn" : "";
  return (
    <section className="rep" aria-label="Decision">
      <header>
        {run.decision ? "Decision" : "Outcome"}
        <span className={`chip end ${run.state === "finished" ? tone : "bad"}`}>
          {run.decision ? DECISIONS[run.decision] : run.state.replace("_", " ")}
        </span>
      </header>
      <div className="cmp">
        {run.confidence !== null && (
          <>
            <span>Confidence</span>
            <b className="num">{run.confidence.toFixed(2)}</b>
            <span className="meter" aria-hidden="true">
              <i style={{ width: `${run.confidence * 100}%` }} />
            </span>
          </>
        )}
        <span>Model</span>
        <b className="mono">{run.model}</b>
        <span />
      </div>
      {run.reason && (
        <div className="df" dir="auto">
          {run.reason}
        </div>
      )}
    </section>
  );
}
