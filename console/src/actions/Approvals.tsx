import { useInfiniteQuery } from "@tanstack/react-query";
import { Hand, History, Menu as MenuIcon } from "lucide-react";
import { type RefObject, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { useFault } from "../api/faults";
import { useMe } from "../api/me";
import { approvalsQuery } from "../api/queries";
import type { ApprovalCard as Card } from "../api/types";
import { More } from "../parts/More";
import { useNow } from "../parts/now";
import { Empty, Failed, Loading, Skeleton, Time } from "../parts/small";
import { at, customerName, plural } from "../parts/words";
import { type Command, useCommands } from "../shell/commands";
import { listKeys } from "../shell/lists";
import { useIsNarrow } from "../shell/media";
import { openMenu } from "../shell/overlays";
import { ApprovalCard } from "./ApprovalCard";
import { AskedFor } from "./Changes";
import { Evidence } from "./Evidence";
import { decisionOf, inShort, STATES } from "./words";

/** What waits for a person, the longest-waiting first; and what people have decided. */
export default function Approvals() {
  const me = useMe();
  const isNarrow = useIsNarrow();
  const [location] = useLocation();
  const isDecided = location === "/approvals/decided";
  useEffect(() => {
    document.title = `Approvals · ${me.company}`;
  }, [me.company]);
  return (
    <div className="page">
      <div className="in approvals-page">
        <div className="phead">
          {isNarrow && (
            <button type="button" className="btn ghost icon" aria-label="Menu" onClick={openMenu}>
              <MenuIcon className="i" aria-hidden="true" />
            </button>
          )}
          <h1>Approvals</h1>
          <nav className="seg end" aria-label="Approvals">
            <Link to="/approvals" aria-current={isDecided ? undefined : "page"}>
              Waiting
            </Link>
            <Link to="/approvals/decided" aria-current={isDecided ? "page" : undefined}>
              Decided
            </Link>
          </nav>
        </div>
        {isDecided ? <Decided /> : <Waiting />}
      </div>
    </div>
  );
}

function Waiting() {
  const list = useInfiniteQuery(approvalsQuery("open"));
  const { fault, again } = useFault(list, approvalsQuery("open").queryKey);
  const cards = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data]);
  const [chosenId, choose] = useState<string | null>(null);
  const chosen = cards.find((card) => card.approval.id === chosenId) ?? cards.find((card) => card.may_decide);
  const place = useRef<HTMLUListElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useQueueKeys(cards, chosen, choose, place);
  useNextInLine(cards, chosenId, place, heading);
  return (
    <>
      <div className="lede">
        {list.isPending && !fault ? (
          <Skeleton width="16em" height={39} />
        ) : (
          <h2 ref={heading} tabIndex={-1}>
            {finding(cards, list.hasNextPage, fault !== null)}
          </h2>
        )}
      </div>
      {list.isPending && !fault ? (
        <Loading what="approvals">
          {[0, 1].map((one) => (
            <div className="card approval-skeleton" key={one}>
              <Skeleton width="30%" height={20} />
              <Skeleton width="72%" />
              <Skeleton width="64%" />
            </div>
          ))}
        </Loading>
      ) : fault ? (
        <Failed error={fault} what="list" onRetry={again} />
      ) : cards.length === 0 ? (
        <Empty icon={<Hand className="i" />} title="Nothing waits for a person">
          <p>
            When a rule wants a person to decide, such as for a refund above a limit, it comes here with the facts that
            were checked, the rule, and the time that is left. Until then nothing is done.
          </p>
        </Empty>
      ) : (
        <ul className="approvals" ref={place} aria-label="Waiting for approval">
          {cards.map((card) => (
            <li
              key={card.approval.id}
              data-approval={card.approval.id}
              tabIndex={-1}
              onFocus={() => choose(card.approval.id)}
            >
              <ApprovalCard card={card} evidence={<Evidence card={card} />} hasKeys={card === chosen} />
            </li>
          ))}
        </ul>
      )}
      <More list={list} />
    </>
  );
}

/** Whoever decided goes on with the next request: the one that had the focus is gone. */
function useNextInLine(
  cards: Card[],
  chosenId: string | null,
  place: RefObject<HTMLUListElement | null>,
  heading: RefObject<HTMLElement | null>,
): void {
  const before = useRef<Card[]>([]);
  useEffect(() => {
    const at = before.current.findIndex(({ approval }) => approval.id === chosenId);
    const isGone = at >= 0 && !cards.some(({ approval }) => approval.id === chosenId);
    before.current = cards;
    if (!isGone || document.activeElement !== document.body) return;
    const next = place.current?.children[Math.min(at, cards.length - 1)] as HTMLElement | undefined;
    (next ?? heading.current)?.focus({ preventScroll: next !== undefined });
  }, [cards, chosenId, place, heading]);
}

function finding(cards: Card[], hasMore: boolean, isUnknown: boolean): string {
  if (isUnknown) return "What waits is not known.";
  if (cards.length === 0) return "Nobody waits for an approval.";
  const mine = cards.filter((card) => card.may_decide).length;
  const all = hasMore
    ? `More than ${cards.length} requests wait`
    : `${plural(cards.length, "request")} ${cards.length === 1 ? "waits" : "wait"}`;
  if (mine === 0) return `${all}, and none of them is yours to decide.`;
  return mine === cards.length ? `${all} for you.` : `${all}; ${mine === 1 ? "one" : mine} of them for you.`;
}

function useQueueKeys(
  cards: Card[],
  chosen: Card | undefined,
  choose: (id: string) => void,
  place: RefObject<HTMLUListElement | null>,
): void {
  const [, go] = useLocation();
  const move = useCallback(
    (by: 1 | -1) => {
      const from = chosen ? cards.indexOf(chosen) : -1;
      const next = cards[from + by];
      if (!next) return;
      choose(next.approval.id);
      const item = place.current?.querySelector<HTMLElement>(`[data-approval="${next.approval.id}"]`);
      item?.focus();
      item?.scrollIntoView({ block: "nearest" });
    },
    [cards, chosen, choose, place],
  );
  const commands = useMemo<Command[]>(
    () => [
      ...listKeys("request", move),
      ...(chosen
        ? [
            {
              id: "open",
              title: "Open its conversation",
              group: "Approval" as const,
              keys: ["o"],
              run: () => go(`/inbox/all/${chosen.call.conversation_id}`),
            },
          ]
        : []),
    ],
    [move, chosen, go],
  );
  useCommands(commands);
}

function Decided() {
  const now = useNow();
  const list = useInfiniteQuery(approvalsQuery("decided"));
  const { fault, again } = useFault(list, approvalsQuery("decided").queryKey);
  const cards = list.data?.pages.flatMap((page) => page.items) ?? [];
  if (fault) return <Failed error={fault} what="list" onRetry={again} />;
  if (list.isPending) {
    return (
      <Loading what="decisions">
        <div className="card approval-skeleton">
          <Skeleton width="60%" />
          <Skeleton width="52%" />
        </div>
      </Loading>
    );
  }
  if (cards.length === 0) {
    return (
      <Empty icon={<History className="i" />} title="Nothing has been decided yet">
        <p>Who approved or declined what, when and why, is kept here and can never be changed.</p>
      </Empty>
    );
  }
  return (
    <>
      <ul className="card decisions" aria-label="Decisions">
        {cards.map(({ call, approval }) => (
          <li key={approval.id}>
            <Link to={`/actions/${call.id}`}>
              <b dir="auto">
                {inShort(call)} <AskedFor changes={call.changes} />{" "}
                <span className="dim">for {customerName(call.customer)}</span>
              </b>
              <span className={`chip ${STATES[call.state].tone}`}>{STATES[call.state].name}</span>
              <span className="dim" dir="auto">
                {decisionOf(call)}
              </span>
              <Time value={approval.decided_at ?? approval.asked_at}>
                {at(approval.decided_at ?? approval.asked_at, now)}
              </Time>
            </Link>
          </li>
        ))}
      </ul>
      <More list={list} />
    </>
  );
}
