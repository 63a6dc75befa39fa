import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { ArrowDown, BadgeCheck } from "lucide-react";
import { Fragment, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { ActionsUnread, CallInThread, useActionsIn } from "../actions/InConversation";
import { useOutbox } from "../api/outbox";
import { type Writing, writingKey } from "../api/patch";
import { earlierQuery } from "../api/queries";
import type { ActionRow, ConversationDetail, EarlierMessages, HandoffCard, MessageCard, RunCard } from "../api/types";
import { useNow } from "../parts/now";
import { customerName, identityOf, isProved, language, SURFACES } from "../parts/words";
import { useTracePanel } from "../trace/usePanel";
import { HandoffNote, HandoffNow } from "./Handoff";
import { MessageView, Note, OutgoingView, RunOnly, WritingView } from "./Message";

type Item =
  | { kind: "message"; at: string; message: MessageCard; run: RunCard | undefined }
  | { kind: "handoff"; at: string; handoff: HandoffCard }
  | { kind: "run"; at: string; run: RunCard }
  | { kind: "call"; at: string; call: ActionRow };

const AT_END_PX = 80;

/** All that was said, in order, with how it came about. */
export function Thread({
  detail,
  onTakeOver,
  isBusy,
}: {
  detail: ConversationDetail;
  onTakeOver: () => void;
  isBusy: boolean;
}) {
  const { row } = detail;
  const { data: writing } = useQuery<Writing | null>({
    queryKey: writingKey(row.id),
    queryFn: () => null,
    initialData: null,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const { runId } = useTracePanel();
  const shownRunId = detail.runs.some((run) => run.id === runId) ? (runId ?? undefined) : detail.runs.at(-1)?.id;
  // The stream may bring a reply before the request that sent it is answered: then it is not shown twice.
  const outgoing = useOutbox(row.id).filter(
    (reply) =>
      !detail.messages.some(
        ({ number, rep_id, text }) => number > reply.afterNumber && rep_id === reply.repId && text === reply.text,
      ),
  );
  const earlier = useInfiniteQuery(earlierQuery(row.id, detail.messages[0]?.number ?? 1));
  const calls = useActionsIn(row.id);
  const items = useMemo(() => itemsOf(detail, earlier.data?.pages ?? [], calls), [detail, earlier.data, calls]);
  const firstAsked = calls.find(({ state }) => state === "awaiting_approval");
  const hasEarlier = earlier.data ? earlier.hasNextPage : detail.has_earlier;
  const running = detail.runs.find((run) => run.state === "running");
  const isWriting = row.agent_is_writing || running !== undefined || writing !== null;
  const lastHandoff = detail.handoffs.at(-1);
  const isWaitingForAPerson = row.status === "open" && row.handled_by === "rep" && row.assignee_id === null;
  const { scroller, isAway, toEnd } = useStayInPlace(
    earlier.data?.pages.length ?? 0,
    `${items.length} ${outgoing.length} ${writing?.parts.join("").length} ${isWriting}`,
  );

  return (
    <div className="thread-place">
      <div className="scroll" ref={scroller}>
        <div className="thread">
          <CustomerLine detail={detail} />
          {hasEarlier && (
            <button
              type="button"
              className="btn sm earlier"
              disabled={earlier.isFetching}
              onClick={() => void (earlier.data ? earlier.fetchNextPage() : earlier.refetch())}
            >
              {earlier.isError ? "That did not work. Try again" : "Earlier messages"}
            </button>
          )}
          {items.map((item) => {
            if (item.kind === "run") return <RunOnly key={item.run.id} run={item.run} shownRunId={shownRunId} />;
            if (item.kind === "call") {
              return <CallInThread key={item.call.id} call={item.call} hasKeys={item.call === firstAsked} />;
            }
            if (item.kind === "handoff") {
              return item.handoff === lastHandoff && isWaitingForAPerson ? (
                <HandoffNow key={item.handoff.id} handoff={item.handoff} onTakeOver={onTakeOver} isBusy={isBusy} />
              ) : (
                <HandoffNote key={item.handoff.id} handoff={item.handoff} />
              );
            }
            if (item.message.author === "note") return <Note key={item.message.id} message={item.message} />;
            return (
              <MessageView
                key={item.message.id}
                message={item.message}
                run={item.run}
                customer={row.customer}
                shownRunId={shownRunId}
              />
            );
          })}
          <ActionsUnread conversationId={row.id} />
          {isWriting && <WritingView writing={writing} run={running} shownRunId={shownRunId} />}
          {outgoing.map((reply) => (
            <OutgoingView key={reply.key} reply={reply} />
          ))}
        </div>
      </div>
      {isAway && (
        <button type="button" className="btn sm to-end" onClick={toEnd}>
          <ArrowDown className="i i-14" aria-hidden="true" />
          Newest
        </button>
      )}
    </div>
  );
}

/** Messages, hand-offs and runs that said nothing, by time. */
function itemsOf(detail: ConversationDetail, earlier: EarlierMessages[], calls: ActionRow[]): Item[] {
  const messages = [...earlier, detail].flatMap((stretch) => stretch.messages);
  const allRuns = [...earlier, detail].flatMap((stretch) => stretch.runs);
  const runs = new Map(allRuns.map((run) => [run.id, run]));
  const told = new Set(messages.map((message) => message.run_id));
  const items: Item[] = [
    ...messages.map(
      (message): Item => ({
        kind: "message",
        at: message.created_at,
        message,
        run: message.run_id ? runs.get(message.run_id) : undefined,
      }),
    ),
    ...detail.handoffs.map((handoff): Item => ({ kind: "handoff", at: handoff.created_at, handoff })),
    ...allRuns
      .filter((run) => !told.has(run.id) && run.state !== "running")
      .map((run): Item => ({ kind: "run", at: run.started_at, run })),
    ...calls.map((call): Item => ({ kind: "call", at: call.created_at, call })),
  ];
  const rank = { message: 0, run: 1, call: 2, handoff: 3 };
  return items.sort((a, b) => a.at.localeCompare(b.at) || rank[a.kind] - rank[b.kind]);
}

function CustomerLine({ detail: { row, language: spoken } }: { detail: ConversationDetail }) {
  const now = useNow();
  const { customer } = row;
  const { company, plan } = customer.attributes;
  const facts = [
    company,
    plan,
    row.surface === "chat" ? null : SURFACES[row.surface],
    spoken && spoken !== "en" ? language(spoken) : null,
  ];
  return (
    <div className="ctx customer-line">
      <b dir="auto">{customerName(customer)}</b>
      {facts.filter(Boolean).map((fact, place) => (
        <Fragment key={fact}>
          {place > 0 && <span aria-hidden="true">·</span>}
          <span dir="auto">{fact}</span>
        </Fragment>
      ))}
      <span aria-hidden="true">·</span>
      <span className="row tight">
        {isProved(row, now) && <BadgeCheck className="i i-14 good" aria-hidden="true" />}
        {identityOf(row, now)}
      </span>
    </div>
  );
}

/** Stays at the end while things are added, unless the reader has scrolled up: then on what is being read. */
function useStayInPlace(earlierStretches: number, change: string) {
  const scroller = useRef<HTMLDivElement>(null);
  const wasAtEnd = useRef(true);
  const height = useRef(0);
  const [isAway, setIsAway] = useState(false);

  const toEnd = () => {
    const box = scroller.current;
    if (box) box.scrollTop = box.scrollHeight;
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: what comes in above pushes the rest down.
  useLayoutEffect(() => {
    const box = scroller.current;
    if (box && !wasAtEnd.current) box.scrollTop += box.scrollHeight - height.current;
  }, [earlierStretches]);
  useLayoutEffect(() => {
    height.current = scroller.current?.scrollHeight ?? 0;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: it follows whatever changes in the thread.
  useLayoutEffect(() => {
    if (wasAtEnd.current) toEnd();
  }, [change]);
  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const look = () => {
      wasAtEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < AT_END_PX;
      setIsAway(!wasAtEnd.current);
    };
    const resized = new ResizeObserver(() => {
      if (wasAtEnd.current) box.scrollTop = box.scrollHeight;
    });
    box.addEventListener("scroll", look, { passive: true });
    resized.observe(box);
    for (const child of box.children) resized.observe(child);
    return () => {
      box.removeEventListener("scroll", look);
      resized.disconnect();
    };
  }, []);
  return { scroller, isAway, toEnd };
}
