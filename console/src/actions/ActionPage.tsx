import { useQuery } from "@tanstack/react-query";
import { ArrowLeft } from "lucide-react";
import { useMemo } from "react";
import { Link, useLocation } from "wouter";
import { useFault } from "../api/faults";
import { actionQuery } from "../api/queries";
import type { ActionDetail } from "../api/types";
import { useNow } from "../parts/now";
import { Failed, Loading, Skeleton, Time } from "../parts/small";
import { at, customerName } from "../parts/words";
import { type Command, useCommands } from "../shell/commands";
import { Checks, Facts } from "./ApprovalCard";
import { AskedFor, Changes } from "./Changes";
import { Undo } from "./Undo";
import { EFFECTS, inShort, money, reasonOf, STATES } from "./words";

/** One call with all that is known of it: what was asked, by which rule, who decided, what came of it. */
export function ActionPage({ id }: { id: string }) {
  const asked = useQuery(actionQuery(id));
  const { data: detail } = asked;
  const { fault, again } = useFault(asked, actionQuery(id).queryKey);
  const [, go] = useLocation();
  const commands = useMemo<Command[]>(
    () => [
      { id: "back", title: "Back to all actions", group: "Lists", keys: ["Escape"], run: () => go("/actions") },
      ...(detail
        ? [
            {
              id: "open",
              title: "Open its conversation",
              group: "Lists" as const,
              keys: ["o"],
              run: () => go(`/inbox/all/${detail.call.conversation_id}`),
            },
          ]
        : []),
    ],
    [go, detail],
  );
  useCommands(commands);
  return (
    <div className="page">
      <div className="in call-page">
        <div className="phead">
          <Link to="/actions" className="btn ghost icon" aria-label="All actions">
            <ArrowLeft className="i" aria-hidden="true" />
          </Link>
          <h1>
            {detail ? (
              <>
                {inShort(detail.call)} <AskedFor changes={detail.call.changes} />
              </>
            ) : (
              "Action"
            )}
          </h1>
          <span className="end">{detail && <Undo call={detail.call} />}</span>
        </div>
        {detail ? (
          <Detail detail={detail} />
        ) : fault ? (
          <>
            <Failed error={fault} what="action" onRetry={again} />
            <p className="way-on">
              <Link to="/actions" className="btn">
                All actions
              </Link>
            </p>
          </>
        ) : (
          <Loading what="the action">
            <div className="card approval-skeleton">
              <Skeleton width="40%" height={20} />
              <Skeleton width="70%" />
              <Skeleton width="62%" />
            </div>
          </Loading>
        )}
      </div>
    </div>
  );
}

function Detail({ detail }: { detail: ActionDetail }) {
  const { call } = detail;
  const now = useNow();
  const state = STATES[call.state];
  return (
    <>
      <section className="card part-card" aria-label="What became of it">
        <p className="row wrap">
          <span className={`chip ${state.tone}`}>{state.name}</span>
          <span className="dim">{state.means}</span>
        </p>
        {call.reason && (
          <p className="finding" dir="auto">
            {reasonOf(call)}
          </p>
        )}
        <Facts
          facts={[
            { name: "Asked by", value: call.requested_by.name },
            { name: "Asked at", value: at(call.created_at, now) },
            { name: "Action", value: `${call.action}: ${EFFECTS[call.effect].toLowerCase()}` },
            ...(call.receipt ? [{ name: "Receipt", value: call.receipt.reference }] : []),
            ...(detail.attempts > 1
              ? [{ name: "Asked outside", value: `${detail.attempts} times, under one key` }]
              : []),
            ...(detail.agreed ? [{ name: "The customer agreed to", value: detail.agreed.to }] : []),
            ...(call.undone_by ? [{ name: "Taken back by", value: call.undone_by.name }] : []),
            { name: "Call", value: call.id },
          ]}
        />
        <p>
          <Link to={`/inbox/all/${call.conversation_id}`} className="link">
            {customerName(call.customer)}: {call.subject}
          </Link>
        </p>
      </section>
      <section className="card part-card" aria-labelledby="asked-for">
        <h2 id="asked-for">What was asked for</h2>
        <p className="dim">{detail.description}</p>
        <Facts
          facts={detail.arguments.map((fact) =>
            call.money && fact.name === "Amount" ? { ...fact, value: money(call.money) } : fact,
          )}
        />
        <Changes call={call} />
      </section>
      {(detail.checks.length > 0 || detail.facts.length > 0) && (
        <section className="card part-card ask-in" aria-labelledby="checked">
          <h2 id="checked">What was checked</h2>
          <Checks checks={detail.checks} />
          <Facts facts={detail.facts} />
        </section>
      )}
      <section className="card part-card" aria-labelledby="record">
        <h2 id="record">Record</h2>
        <p className="dim">Only ever added to.</p>
        <ol className="record">
          {detail.record.map((entry) => (
            <li key={entry.number}>
              <Time value={entry.at}>{at(entry.at, now)}</Time>
              <span className={`chip ${STATES[entry.state].tone}`}>{STATES[entry.state].name}</span>
              <span dir="auto">
                {reasonOf({ ...call, reason: entry.reason })}
                {entry.why && entry.why !== entry.reason && (
                  <>
                    {" "}
                    The customer is told: <q dir="auto">{entry.why}</q>
                  </>
                )}
                {entry.note && (
                  <>
                    {" "}
                    For colleagues: <q dir="auto">{entry.note}</q>
                  </>
                )}
              </span>
              <span className="dim">{entry.by.name}</span>
            </li>
          ))}
        </ol>
      </section>
    </>
  );
}
