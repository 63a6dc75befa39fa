import { useQuery } from "@tanstack/react-query";
import { ChevronRight, Zap } from "lucide-react";
import { createContext, useState } from "react";
import { Link } from "wouter";
import { useFault } from "../api/faults";
import { actionsInQuery } from "../api/queries";
import type { ActionRow } from "../api/types";
import { useNow } from "../parts/now";
import { Failed, Loading, Skeleton, Time } from "../parts/small";
import { at } from "../parts/words";
import { LaterPart } from "../shell/later";
import { AskedFor } from "./Changes";
import { inShort, reasonOf, STATES } from "./words";

/** The actions of a conversation, oldest first; what only looked something up is in the trace. */
export function useActionsIn(conversationId: string): ActionRow[] {
  const { data } = useQuery(actionsInQuery(conversationId));
  return (data?.items ?? []).filter(({ effect }) => effect !== "reads").reverse();
}

/** Nobody takes actions that could not be read for actions that were not asked for. */
export function ActionsUnread({ conversationId }: { conversationId: string }) {
  const { fault, again } = useFault(useQuery(actionsInQuery(conversationId)), actionsInQuery(conversationId).queryKey);
  return fault && <Failed error={fault} what="list of actions" onRetry={again} />;
}

/** Which approval a card is about, and what it must know of its place; the card's script comes later. */
export const AskedContext = createContext({ approvalId: "", hasKeys: false, isGone: false, onLeave: () => {} });

/** One call in its place among what was said: the card that asks, also while somebody is still at it; or a line that tells. */
export function CallInThread({ call, hasKeys }: { call: ActionRow; hasKeys: boolean }) {
  const isGone = call.state !== "awaiting_approval";
  const [hasLeft, setHasLeft] = useState(isGone);
  if (!isGone && hasLeft) setHasLeft(false);
  if ((isGone && hasLeft) || !call.approval) return <CallLine call={call} />;
  return (
    <AskedContext value={{ approvalId: call.approval.id, hasKeys, isGone, onLeave: () => setHasLeft(true) }}>
      <LaterPart name="asked" waiting={<AskedSkeleton />} />
    </AskedContext>
  );
}

export function AskedSkeleton() {
  return (
    <Loading what="the approval">
      <div className="card approval-skeleton">
        <Skeleton width="30%" height={20} />
        <Skeleton width="72%" />
      </div>
    </Loading>
  );
}

/** What became of a call, on one line that leads to its record. */
export function CallLine({ call }: { call: ActionRow }) {
  const now = useNow();
  const state = STATES[call.state];
  return (
    <Link to={`/actions/${call.id}`} className="call-line">
      <Zap className="i i-14" aria-hidden="true" />
      <b>
        {inShort(call)} <AskedFor changes={call.changes} />
      </b>
      <span className={`chip ${state.tone}`}>{state.name}</span>
      <span className="dim" dir="auto">
        {reasonOf(call)}
      </span>
      <Time value={call.created_at}>{at(call.created_at, now)}</Time>
      <ChevronRight className="i i-14" aria-hidden="true" />
    </Link>
  );
}

/** In the trace of a run: what it asked for, and the card if it waits. */
export function CallsOfRun({ conversationId, runId }: { conversationId: string; runId: string }) {
  const calls = useActionsIn(conversationId).filter((call) => call.run_id === runId);
  if (calls.length === 0) return null;
  return (
    <section className="calls-of-run" aria-label="Actions">
      {calls.map((call) => (
        <CallInThread key={call.id} call={call} hasKeys={false} />
      ))}
    </section>
  );
}
