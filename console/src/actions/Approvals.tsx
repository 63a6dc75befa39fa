import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Hand, History, Menu as MenuIcon } from "lucide-react";
import { type ComponentProps, type RefObject, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { useFault } from "../api/faults";
import { useMe } from "../api/me";
import { approvalQuery, approvalsQuery } from "../api/queries";
import type { ApprovalCard as Card } from "../api/types";
import { More } from "../parts/More";
import { useNow } from "../parts/now";
import { Empty, Failed, Loading, Skeleton, Time } from "../parts/small";
import { at, customerName, plural } from "../parts/words";
import { type Command, useCommands } from "../shell/commands";
import { listKeys, moveFocus } from "../shell/lists";
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
  const { shown, leave } = useStaying(cards);
  const [isHandHere, setIsHandHere] = useState(false);
  const [chosenId, choose] = useState<string | null>(null);
  const chosen = shown.find((card) => card.approval.id === chosenId) ?? cards.find((card) => card.may_decide);
  const place = useRef<HTMLUListElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  useQueueKeys(chosen, place);
  useNextInLine(shown, chosenId, place, heading);
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
      ) : shown.length === 0 ? (
        <Empty icon={<Hand className="i" />} title="Nothing waits for a person">
          <p>
            When a rule wants a person to decide, such as for a refund above a limit, it comes here with the facts that
            were checked, the rule, and the time that is left. Until then nothing is done.
          </p>
        </Empty>
      ) : (
        <ul
          className="approvals"
          ref={place}
          aria-label="Waiting for approval"
          onPointerEnter={() => setIsHandHere(true)}
          onPointerLeave={() => setIsHandHere(false)}
        >
          {shown.map((card) => (
            <li key={card.approval.id} tabIndex={-1} onFocus={() => choose(card.approval.id)}>
              <InLine
                card={card}
                hasKeys={card === chosen}
                isGone={!cards.includes(card)}
                isHeld={isHandHere}
                onLeave={() => leave(card.approval.id)}
              />
            </li>
          ))}
        </ul>
      )}
      <More list={list} />
    </>
  );
}

/** One request in the list; once it waits no more, with what became of it. */
function InLine({ card, isGone, ...place }: Omit<ComponentProps<typeof ApprovalCard>, "evidence">) {
  const { data } = useQuery({ ...approvalQuery(card.approval.id), enabled: isGone });
  const shown = (isGone && data) || card;
  return <ApprovalCard card={shown} isGone={isGone} {...place} evidence={<Evidence card={shown} />} />;
}

/** What waits, and in its place what does not any more until somebody who is at it has left: nothing moves under a hand. */
function useStaying(cards: Card[]) {
  const [before, setBefore] = useState({ cards, shown: cards });
  if (before.cards !== cards) setBefore({ cards, shown: withGone(cards, before.shown) });
  const leave = (id: string) =>
    setBefore((now) => ({ ...now, shown: now.shown.filter(({ approval }) => approval.id !== id) }));
  return { shown: before.shown, leave };
}

function withGone(cards: Card[], before: Card[]): Card[] {
  const all = [...cards];
  for (const card of before) {
    if (cards.some(({ approval }) => approval.id === card.approval.id)) continue;
    const after = all.findIndex(({ approval }) => Date.parse(approval.asked_at) > Date.parse(card.approval.asked_at));
    all.splice(after < 0 ? all.length : after, 0, card);
  }
  return all;
}

/** Whoever decided is at the next request, and goes on to it with a key: the one that had the focus is gone. */
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

function useQueueKeys(chosen: Card | undefined, place: RefObject<HTMLUListElement | null>): void {
  const [, go] = useLocation();
  const move = useCallback(
    (by: 1 | -1) => {
      const at = document.activeElement;
      // Whoever has decided stands before the next request, and has not gone to it yet.
      if (at?.parentElement !== place.current) moveFocus(place.current, ".approval", by);
      else moveFocus((by === 1 ? at : at?.previousElementSibling) as HTMLElement | null, ".approval", 1);
    },
    [place],
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
