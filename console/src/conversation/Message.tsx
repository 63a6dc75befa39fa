import { useQuery, useQueryClient } from "@tanstack/react-query";
import { MapPin, RotateCw, ThumbsDown, ThumbsUp } from "lucide-react";
import { useMe } from "../api/me";
import type { Outgoing } from "../api/outbox";
import { useSend } from "../api/outbox";
import type { Writing } from "../api/patch";
import { traceQuery } from "../api/queries";
import type { CustomerCard, MessageCard, RunCard } from "../api/types";
import { Markdown } from "../parts/Markdown";
import { useNow } from "../parts/now";
import { Strip } from "../parts/Strip";
import { AgentAvatar, Avatar, Time } from "../parts/small";
import { at, customerName, DECISIONS, duration, plural } from "../parts/words";
import { useHasTraceColumn } from "../shell/media";
import { stepTitle } from "../trace/steps";
import { useTracePanel } from "../trace/usePanel";

/** What a customer, a rep or the agent said. */
export function MessageView({
  message,
  run,
  customer,
  shownRunId,
}: {
  message: MessageCard;
  run: RunCard | undefined;
  customer: CustomerCard;
  /** The run whose trace is beside the conversation. */
  shownRunId: string | undefined;
}) {
  const now = useNow();
  const me = useMe();
  const isAgent = message.author === "agent";
  const isRep = message.author === "rep";
  const name = isAgent ? "AI agent" : isRep ? (message.rep_name ?? "A colleague") : customerName(customer);
  return (
    <article className="msg" aria-label={`${name}, ${at(message.created_at, now)}`}>
      {isAgent ? (
        <AgentAvatar isLarge />
      ) : (
        <Avatar id={isRep ? (message.rep_id ?? name) : customer.id} name={name} isLarge />
      )}
      <header>
        <b dir="auto">{name}</b>
        {isRep && message.rep_id === me.id && <span className="dim">you</span>}
        <Time value={message.created_at}>{at(message.created_at, now)}</Time>
      </header>
      <div className="body" dir="auto">
        {message.author === "customer" ? (
          <p className="plain" dir="auto">
            {message.text}
          </p>
        ) : (
          <Markdown text={message.text} citations={message.citations} hasBreaks={isRep} />
        )}
      </div>
      {message.page && (
        <div className="ctx page-line">
          <MapPin className="i i-14" aria-hidden="true" />
          <span dir="auto">Asked from {pageTrail(message.page)}</span>
        </div>
      )}
      {run && <How run={run} message={message} shownRunId={shownRunId} />}
      {message.helpful !== null && (
        <div className="ctx page-line">
          {message.helpful ? (
            <ThumbsUp className="i i-14 good" aria-hidden="true" />
          ) : (
            <ThumbsDown className="i i-14 bad" aria-hidden="true" />
          )}
          The customer said this {message.helpful ? "helped" : "did not help"}.
        </div>
      )}
    </article>
  );
}

function pageTrail(page: { title: string; path: string }): string {
  const title = page.title.replaceAll(/\s+[|–—-]\s+/g, " › ");
  return title ? `${title}${page.path && page.path !== "/" ? ` (${page.path})` : ""}` : page.path;
}

/** The strip under an agent's turn; pressing it shows the trace. */
export function How({
  run,
  message,
  shownRunId,
}: {
  run: RunCard;
  message?: MessageCard;
  shownRunId: string | undefined;
}) {
  const panel = useTracePanel();
  const client = useQueryClient();
  const hasTrace = useHasTraceColumn();
  const isShown = shownRunId === run.id && (panel.isOpen || hasTrace);
  const confidence = run.confidence;
  return (
    <button
      type="button"
      className="how"
      aria-pressed={isShown}
      title={run.reason ?? undefined}
      onClick={() => panel.open("trace", run.id)}
      onPointerEnter={() => void client.prefetchQuery(traceQuery(run.id))}
    >
      <Strip bars={run.strip} isRunning={run.state === "running"} />
      <span className="num trunc">
        {plural(run.strip.length, "step")}
        {run.duration_us !== null && `, ${duration(run.duration_us)}`}
        {said(run, message)}
      </span>
      {run.decision && (
        <span className="verdict num end">
          {run.decision === "answer" ? <span className="sr">Answered with confidence</span> : DECISIONS[run.decision]}
          {confidence !== null && ` ${confidence.toFixed(2)}`}
        </span>
      )}
    </button>
  );
}

function said(run: RunCard, message: MessageCard | undefined): string {
  if (run.state === "failed" || run.state === "given_up") return ", did not finish";
  const sources = message?.citations.length ?? 0;
  if (run.decision === "answer") return sources ? ", every claim sourced" : ", no source";
  return sources ? `, ${plural(sources, "source")}` : "";
}

/** A run that ended without saying anything to the customer. */
export function RunOnly({ run, shownRunId }: { run: RunCard; shownRunId: string | undefined }) {
  const now = useNow();
  return (
    <article className="msg" aria-label="AI agent">
      <AgentAvatar isLarge />
      <header>
        <b>AI agent</b>
        <Time value={run.started_at}>{at(run.started_at, now)}</Time>
      </header>
      <div className="body dim">{run.reason ?? "Did not say anything."}</div>
      <How run={run} shownRunId={shownRunId} />
    </article>
  );
}

/** The reply that is being written, sentence by sentence. */
export function WritingView({
  writing,
  run,
  shownRunId,
}: {
  writing: Writing | null;
  run: RunCard | undefined;
  shownRunId: string | undefined;
}) {
  const { data: trace } = useQuery({ ...traceQuery(run?.id ?? ""), enabled: run !== undefined });
  const text = writing ? writing.parts.reduce(together, "") : "";
  const last = trace?.spans.findLast((span) => span.kind !== "agent");
  const doing = text ? "writing" : last ? `after ${stepTitle(last).toLowerCase()}` : "reading";
  const bars = trace?.spans
    .filter((span) => span.kind !== "agent")
    .map(({ kind, duration_us, state }) => ({ kind, duration_us, state }));
  return (
    <article className="msg" aria-busy="true" aria-label="AI agent is writing">
      <AgentAvatar isLarge />
      <header>
        <b>AI agent</b>
        <span className="dim">{doing}</span>
      </header>
      <div className="body" dir="auto">
        {text ? (
          <Markdown text={text} caret={<span className="caret" />} />
        ) : (
          <p>
            <span className="caret" />
          </p>
        )}
      </div>
      {run && (
        <How
          run={{ ...run, strip: bars && bars.length > run.strip.length ? bars : run.strip }}
          shownRunId={shownRunId}
        />
      )}
    </article>
  );
}

/** Parts are sentences; where no space came with them, one stands between. */
const together = (before: string, part: string) =>
  before && !/\s$/.test(before) && !/^\s/.test(part) ? `${before} ${part}` : before + part;

/** A rep's reply that the server does not have yet. */
export function OutgoingView({ reply }: { reply: Outgoing }) {
  const me = useMe();
  const { sendAgain, drop } = useSend();
  return (
    <article className="msg outgoing" aria-label="Your reply, not sent yet">
      <Avatar id={me.id} name={me.name} isLarge />
      <header>
        <b dir="auto">{me.name}</b>
        <span className={reply.state === "refused" ? "bad" : "dim"}>
          {reply.state === "sending" && "sending"}
          {reply.state === "waiting" && "no connection; it is kept here and sent as soon as there is one"}
          {reply.state === "refused" && "not sent"}
        </span>
      </header>
      <div className="body" dir="auto">
        <Markdown text={reply.text} hasBreaks />
      </div>
      {reply.state === "refused" && (
        <div className="outgoing-tools" role="alert">
          <span>{reply.problem}</span>
          <button type="button" className="btn sm" onClick={() => sendAgain(reply)}>
            <RotateCw className="i i-14" aria-hidden="true" />
            Send again
          </button>
          <button type="button" className="btn sm ghost" onClick={() => drop(reply)}>
            Discard
          </button>
        </div>
      )}
    </article>
  );
}

/** A line that the program adds, such as "Maya took over". */
export function Note({ message }: { message: MessageCard }) {
  const now = useNow();
  return (
    <p className="note">
      <span dir="auto">{message.text}</span> <Time value={message.created_at}>{at(message.created_at, now)}</Time>
    </p>
  );
}
