import { useMutation, useQuery } from "@tanstack/react-query";
import { ArrowLeft, PanelRight } from "lucide-react";
import { useCallback, useMemo, useRef } from "react";
import { useLocation, useSearchParams } from "wouter";
import { useFault } from "../api/faults";
import { useMe } from "../api/me";
import { conversationQuery, useVerb, type Verb } from "../api/queries";
import type { ConversationDetail } from "../api/types";
import { Failed, Loading, Skeleton } from "../parts/small";
import { customerName } from "../parts/words";
import { type Command, useCommands } from "../shell/commands";
import { useHasTraceColumn, useIsNarrow } from "../shell/media";
import { announce, notify, notifyProblem } from "../shell/notices";
import { TraceOverlay } from "../trace/TraceColumn";
import { useTracePanel } from "../trace/usePanel";
import { Composer } from "./Composer";
import { MoreMenu } from "./MoreMenu";
import { Thread } from "./Thread";

/** A conversation: who has it, what was said, and a way to say something. */
export function ConversationPane({ id, view }: { id: string; view: { slug: string; name: string } }) {
  const asked = useQuery(conversationQuery(id));
  const { data: detail } = asked;
  const { fault, again } = useFault(asked, conversationQuery(id).queryKey);
  const isNarrow = useIsNarrow();
  const [, go] = useLocation();
  const [search] = useSearchParams();
  const back = useCallback(() => {
    const q = search.get("q");
    go(`/inbox/${view.slug}${q ? `?q=${encodeURIComponent(q)}` : ""}`);
  }, [go, view.slug, search]);

  if (!detail) {
    return (
      <section className="col" aria-label="Conversation">
        <div className="bar">
          {isNarrow && <BackButton onBack={back} name={view.name} />}
          {!fault && <Skeleton width="55%" height={12} />}
        </div>
        {fault ? <Failed error={fault} what="conversation" isPage={isNarrow} onRetry={again} /> : <ThreadSkeleton />}
      </section>
    );
  }
  return <Open detail={detail} view={view} onBack={back} isNarrow={isNarrow} />;
}

function Open({
  detail,
  view,
  onBack,
  isNarrow,
}: {
  detail: ConversationDetail;
  view: { slug: string; name: string };
  onBack: () => void;
  isNarrow: boolean;
}) {
  const { row } = detail;
  const me = useMe();
  const hasTrace = useHasTraceColumn();
  const panel = useTracePanel();
  const composer = useRef<HTMLTextAreaElement>(null);
  const verb = useVerb(row.id);
  const isOpen = row.status === "open";
  const isMine = isOpen && row.handled_by === "rep" && row.assignee_id === me.id;

  const { mutate } = verb;
  const act = useCallback(
    (step: Verb, said: string, then?: () => void) =>
      mutate(step, {
        onSuccess: () => {
          announce(said);
          then?.();
        },
        onError: notifyProblem,
      }),
    [mutate],
  );
  const takeOver = useCallback(
    () => act({ verb: "take-over" }, "You have this conversation now.", () => composer.current?.focus()),
    [act],
  );
  const handBack = useCallback(() => act({ verb: "hand-back" }, "The agent has this conversation now."), [act]);
  const resolve = useCallback(() => act({ verb: "resolve" }, "Resolved."), [act]);
  const copyLink = useMutation({
    mutationFn: () => navigator.clipboard.writeText(location.href),
    onSuccess: () => notify("The link is copied."),
    onError: () => notify("The browser did not allow copying. Copy the address instead.", "bad"),
  });

  const { mutate: copy } = copyLink;
  const commands = useMemo<Command[]>(
    () => [
      ...(isMine
        ? [
            {
              id: "hand-back",
              title: "Hand back to the agent",
              group: "Conversation" as const,
              keys: ["b"],
              run: handBack,
            },
          ]
        : [{ id: "take-over", title: "Take over", group: "Conversation" as const, keys: ["t"], run: takeOver }]),
      ...(isOpen
        ? [{ id: "resolve", title: "Resolve", group: "Conversation" as const, keys: ["e"], run: resolve }]
        : []),
      { id: "reply", title: "Reply", group: "Conversation", keys: ["r"], run: () => composer.current?.focus() },
      { id: "trace", title: "Show the trace", group: "Conversation", keys: ["i"], run: () => panel.open("trace") },
      { id: "act", title: "Ask for an action", group: "Conversation", keys: ["x"], run: () => panel.open("act") },
      { id: "copy", title: "Copy the link to this conversation", group: "Conversation", run: () => copy() },
      { id: "back", title: "Back to the list", group: "Conversation", keys: ["Escape"], isKeyOnly: true, run: onBack },
    ],
    [isMine, isOpen, handBack, takeOver, resolve, panel, copy, onBack],
  );
  useCommands(commands);

  return (
    <section className="col conversation" aria-label="Conversation">
      <div className="bar">
        {isNarrow && <BackButton onBack={onBack} name={view.name} />}
        <h1 className="trunc" dir="auto" title={row.subject}>
          {row.subject}
        </h1>
        <span className="end row">
          {!isOpen && <span className="chip good">Resolved</span>}
          {isMine && !isNarrow && (
            <button type="button" className="btn" onClick={handBack} disabled={verb.isPending}>
              Hand back
            </button>
          )}
          {isMine ? (
            <button type="button" className="btn" onClick={resolve} disabled={verb.isPending}>
              Resolve
            </button>
          ) : (
            <button type="button" className="btn" onClick={takeOver} disabled={verb.isPending}>
              {isOpen ? "Take over" : "Reopen"}
            </button>
          )}
          {!hasTrace && (
            <button
              type="button"
              className="btn ghost icon"
              aria-label="Trace, sources and customer"
              onClick={() => panel.open("trace")}
            >
              <PanelRight className="i" aria-hidden="true" />
            </button>
          )}
          <MoreMenu
            row={row}
            isMine={isMine}
            onTakeOver={takeOver}
            onHandBack={handBack}
            onResolve={resolve}
            onAssign={(repId, name) => act({ verb: "assign", body: { rep_id: repId } }, `Assigned to ${name}.`)}
            onCopy={() => copyLink.mutate()}
          />
        </span>
      </div>
      <Thread detail={detail} onTakeOver={takeOver} isBusy={verb.isPending} />
      <Composer detail={detail} me={me} inputRef={composer} customer={customerName(row.customer)} />
      {!hasTrace && panel.isOpen && <TraceOverlay conversationId={row.id} />}
    </section>
  );
}

function BackButton({ onBack, name }: { onBack: () => void; name: string }) {
  return (
    <button type="button" className="btn ghost icon back" aria-label={`Back to ${name}`} onClick={onBack}>
      <ArrowLeft className="i" aria-hidden="true" />
    </button>
  );
}

function ThreadSkeleton() {
  return (
    <Loading what="the conversation">
      <div className="thread">
        {["70%", "88%", "60%"].map((width) => (
          <div className="msg" key={width}>
            <span className="av lg" />
            <header>
              <Skeleton width={110} height={11} />
            </header>
            <div className="body lines">
              <Skeleton width={width} height={11} />
              <Skeleton width="80%" height={11} />
              <Skeleton width="42%" height={11} />
            </div>
          </div>
        ))}
      </div>
    </Loading>
  );
}
