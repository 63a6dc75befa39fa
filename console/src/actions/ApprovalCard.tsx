import { Check, ChevronRight, CircleSlash, Hand, ShieldAlert, ShieldX } from "lucide-react";
import {
  type FocusEvent,
  type FormEvent,
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { Problem } from "../api/client";
import { type Decision, useDecide } from "../api/queries";
import type { ApprovalCard as Card, ClauseCheck, Fact } from "../api/types";
import { useNow } from "../parts/now";
import { Time } from "../parts/small";
import { ago, customerName, moment, plural } from "../parts/words";
import { type Command, keysShown, useCommands } from "../shell/commands";
import { announce, notify, notifyProblem } from "../shell/notices";
import { AskedFor, Changes } from "./Changes";
import { FaultHere, useFaultHere, useFocusBack } from "./faults";
import {
  amountIn,
  approvers,
  inShort,
  isOver,
  money,
  OUTCOMES,
  oneOf,
  reasonOf,
  STATES,
  timeLeft,
  whyNotLess,
} from "./words";

type Mode = "asked" | "change" | "decline";

/** Something that a person must decide on: what, on which grounds, until when, and the ways to decide.
 *
 * What somebody is at stays where it is, whoever decides it meanwhile: words that they type must not end up elsewhere.
 */
export function ApprovalCard({
  card,
  hasKeys,
  evidence,
  isGone,
  isHeld = false,
  onLeave,
}: {
  card: Card;
  /** Whether the commands for deciding are this card's; their keys count while the focus is in it. */
  hasKeys: boolean;
  /** What was said, where it stands without its conversation around it. */
  evidence?: ReactNode;
  /** Whether it waits no more, also if `card` does not say so yet. */
  isGone: boolean;
  /** Whether it stays for now, although nobody is at it. */
  isHeld?: boolean;
  /** It waits no more, and nobody is at it. */
  onLeave: () => void;
}) {
  const { call, approval } = card;
  const now = useNow();
  const [mode, setMode] = useState<Mode>("asked");
  // They have decided it themselves, or have put it away.
  const [mayGo, setMayGo] = useState(false);
  const { fault, setFault, tell } = useFaultHere();
  const section = useRef<HTMLElement>(null);
  const goTo = useCallback(
    (next: Mode) => {
      setMode(next);
      setFault(null);
    },
    [setFault],
  );
  // A second click may come before the first one has changed anything here: it is the same decision.
  const decidedOn = useRef<Card | null>(null);
  const decide = useDecide(approval.id, {
    onDone: (after) => {
      goTo("asked");
      if (after.approval.state !== "open") setMayGo(true);
      notify(...decided(after));
    },
    onFault: (error) => {
      decidedOn.current = null;
      // What is over by now may take the card with it; all else is said where it was tried.
      if (error instanceof Problem && (error.status === 404 || error.status === 409)) notifyProblem(error);
      else tell(error);
    },
  });
  const { mutate } = decide;
  const act = useCallback(
    (decision: Decision) => {
      if (decidedOn.current === card) return;
      decidedOn.current = card;
      setFault(null);
      mutate(decision);
    },
    [card, mutate, setFault],
  );
  const isBusy = decide.isPending;
  const isOpen = !isGone && approval.state === "open" && !isOver(approval.expires_at, now);
  const mayDecide = isOpen && card.may_decide;
  const mayApprove = isOpen && card.may_approve;
  const whyNot = mayDecide || isBusy || mayGo ? null : card.why_not;
  useDecisionKeys(hasKeys && mayDecide && mode === "asked" && !isBusy, card, section, act, goTo);
  useFocusBack(isBusy, section, ".primary:enabled");
  useBackToButton(mode, section);
  const { isIn, ...focus } = useFocusIn(section, `${mode} ${mayDecide} ${isBusy}`);
  const isAt = isIn || mode !== "asked";
  useEffect(() => {
    if (isAt && whyNot) announce(whyNot);
  }, [isAt, whyNot]);
  useLayoutEffect(() => {
    if (isGone && !isBusy && (mayGo || !(isAt || isHeld))) onLeave();
  });
  const leave = () => (isGone ? setMayGo(true) : goTo("asked"));

  return (
    <section
      ref={section}
      tabIndex={-1}
      {...focus}
      className={isOpen ? "ask approval" : "ask approval over"}
      aria-label={`${titleOf(card, isOpen, isGone)}: ${inShort(call)} for ${customerName(call.customer)}`}
    >
      <header>
        <Hand className="i" aria-hidden="true" />
        {titleOf(card, isOpen, isGone)}
        {!isGone && approval.state === "open" && (
          <time dateTime={approval.expires_at} title={moment(approval.expires_at)} className="num">
            {timeLeft(approval.expires_at, now)}
          </time>
        )}
      </header>
      <div className="ask-in">
        <p className="amt num">
          {call.money ? money(call.money) : call.title} <AskedFor changes={call.changes} />{" "}
          <small dir="auto">
            {call.money ? `${call.title}, for ` : "for "}
            {customerName(call.customer)}
          </small>
        </p>
        <Facts facts={card.arguments.filter(({ name }) => !(call.money && name === "Amount"))} />
        <Changes call={call} />
        <Checks checks={card.checks} />
        <FactsRead facts={card.facts} />
        {evidence}
        <p className="dim asked">
          {call.requested_by.name} asked <Time value={approval.asked_at}>{since(approval.asked_at, now)}</Time>
          {approval.needed > 1 && `. ${approval.needed} people must approve`}
          {approval.approved_by.length > 0 &&
            `; ${approvers(approval)} did${approval.state === "open" ? " already" : ""}`}
          .
        </p>
        {isOpen && card.why_still && <p className="dim asked">{card.why_still}</p>}
        {mayDecide && card.why_not_change && <p className="dim asked">{card.why_not_change}</p>}
        {isOpen && card.forbidden && (
          <p className="why-not" dir="auto">
            By now a rule forbids it. {card.forbidden}
          </p>
        )}
        {whyNot && (
          <p className="why-not" dir="auto">
            {whyNot}
          </p>
        )}
      </div>
      {mayDecide && <FaultHere fault={fault} />}
      {(mayDecide || isBusy) && mode === "asked" && (
        <footer>
          {mayApprove && (
            <button
              type="button"
              className="btn primary"
              disabled={isBusy}
              // The second click of two was meant for what stood here before.
              onClick={({ detail }) => detail < 2 && act({ verb: "approve" })}
            >
              Approve <span className="sr">{inShort(call)}</span>
              {hasKeys && <kbd aria-hidden="true">{keysShown("a")}</kbd>}
            </button>
          )}
          {card.can_change && (
            <button type="button" className="btn" data-mode="change" disabled={isBusy} onClick={() => goTo("change")}>
              Change amount
            </button>
          )}
          <button
            type="button"
            className="btn ghost"
            data-mode="decline"
            disabled={isBusy}
            onClick={() => goTo("decline")}
          >
            Decline
          </button>
        </footer>
      )}
      {isGone && !isBusy && !mayGo && mode === "asked" && (
        <footer>
          <button type="button" className="btn" onClick={leave}>
            Put it away
          </button>
        </footer>
      )}
      {mode === "change" && (
        <ChangeForm card={card} isBusy={isBusy} isLate={!mayDecide && !isBusy} onDecide={act} onLeave={leave} />
      )}
      {mode === "decline" && (
        <DeclineForm isBusy={isBusy} isLate={!mayDecide && !isBusy} onDecide={act} onLeave={leave} />
      )}
    </section>
  );
}

/** Whether the focus is in a card, and it stays there when what had it goes away. */
function useFocusIn(section: RefObject<HTMLElement | null>, shown: string) {
  const [isIn, setIsIn] = useState(false);
  const onFocus = useCallback(() => setIsIn(true), []);
  // What goes away, or a window that does, gives the focus to nothing: nobody has left.
  const onBlur = useCallback(({ currentTarget, relatedTarget }: FocusEvent) => {
    if (relatedTarget && !currentTarget.contains(relatedTarget)) setIsIn(false);
  }, []);
  useEffect(() => {
    if (shown && isIn && document.activeElement === document.body) section.current?.focus({ preventScroll: true });
  }, [shown, isIn, section]);
  return { isIn, onFocus, onBlur };
}

/** Whoever leaves a form is back at the button that opened it. */
function useBackToButton(mode: Mode, section: RefObject<HTMLElement | null>): void {
  const last = useRef<Mode>("asked");
  useEffect(() => {
    if (mode === "asked") section.current?.querySelector<HTMLElement>(`[data-mode="${last.current}"]`)?.focus();
    last.current = mode;
  }, [mode, section]);
}

function titleOf({ approval, may_decide, call }: Card, isOpen: boolean, isGone: boolean): string {
  if (approval.state !== "open") return STATES[call.state].name;
  if (isGone) return "It waits no more";
  if (!isOpen) return "Nobody decided in time";
  if (may_decide) return "Your approval is needed";
  return approval.role === "rep" ? "An approval is needed" : `The approval of ${oneOf(approval.role)} is needed`;
}

function decided({ call, approval }: Card): Parameters<typeof notify> {
  const what = inShort(call);
  const left = approval.needed - approval.approved_by.length;
  if (approval.state === "open") {
    return [`You approved ${what}. ${left > 1 ? `${left} more people` : "One more person"} must.`, "good"];
  }
  if (approval.state === "declined") return [`You declined ${what}.`, "plain"];
  const tone = call.state === "done" ? "good" : call.state === "refused" || call.state === "failed" ? "bad" : "plain";
  return [`${what}: ${STATES[call.state].name.toLowerCase()}. ${reasonOf(call)}`, tone];
}

const since = (time: string, now: number): string => {
  const passed = ago(time, now);
  return passed === "now" ? "just now" : /^\d/.test(passed) && !/[A-Z]/.test(passed) ? `${passed} ago` : passed;
};

/** The commands for deciding. A key decides only in the card that somebody has gone to: what is typed elsewhere does not. */
function useDecisionKeys(
  isOn: boolean,
  card: Card,
  within: RefObject<HTMLElement | null>,
  act: (decision: Decision) => void,
  setMode: (mode: Mode) => void,
) {
  const commands = useMemo<Command[]>(() => {
    if (!isOn) return [];
    const what = inShort(card.call);
    return [
      {
        id: "to-request",
        title: `Go to the request: ${what}`,
        group: "Approval",
        keys: ["v"],
        run: () => {
          within.current?.focus();
          within.current?.scrollIntoView({ block: "nearest" });
        },
      },
      ...(card.may_approve
        ? [
            {
              id: "approve",
              title: `Approve: ${what}`,
              group: "Approval" as const,
              keys: ["a"],
              within,
              run: () => act({ verb: "approve" }),
            },
          ]
        : []),
      ...(card.can_change
        ? [
            {
              id: "change",
              title: `Approve less: ${what}`,
              group: "Approval" as const,
              keys: ["c"],
              within,
              run: () => setMode("change"),
            },
          ]
        : []),
      {
        id: "decline",
        title: `Decline: ${what}`,
        group: "Approval",
        keys: ["d"],
        within,
        run: () => setMode("decline"),
      },
    ];
  }, [isOn, card, within, act, setMode]);
  useCommands(commands);
}

/** What was read outside before it was decided, folded. */
export function FactsRead({ facts }: { facts: Fact[] }) {
  if (facts.length === 0) return null;
  return (
    <details className="more-facts">
      <summary>
        <ChevronRight className="i i-14 tw" aria-hidden="true" />
        {plural(facts.length, "fact")} {facts.length === 1 ? "was" : "were"} read to check this
      </summary>
      <Facts facts={facts} />
    </details>
  );
}

export function Facts({ facts }: { facts: Fact[] }) {
  if (facts.length === 0) return null;
  return (
    <dl className="pairs">
      {facts.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd dir="auto">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

const RANK: Record<ClauseCheck["outcome"], number> = { forbids: 0, needs_a_person: 1, allows: 2, does_not_apply: 3 };

/** What each clause says of it, the ones that decide first; those that do not apply, for whoever asks. */
export function Checks({ checks }: { checks: ClauseCheck[] }) {
  const sorted = [...checks].sort((a, b) => RANK[a.outcome] - RANK[b.outcome]);
  const applying = sorted.filter(({ outcome }) => outcome !== "does_not_apply");
  const others = sorted.slice(applying.length);
  return (
    <>
      {applying.length > 0 && <Clauses label="Rules" checks={applying} />}
      {others.length > 0 && (
        <details className="more-facts">
          <summary>
            <ChevronRight className="i i-14 tw" aria-hidden="true" />
            {plural(others.length, applying.length > 0 ? "other rule" : "rule")}{" "}
            {others.length === 1 ? "does not apply" : "do not apply"}
          </summary>
          <Clauses label="Rules that do not apply" checks={others} />
        </details>
      )}
    </>
  );
}

function Clauses({ label, checks }: { label: string; checks: ClauseCheck[] }) {
  return (
    <ul aria-label={label} className="checks">
      {checks.map((check) => (
        <li key={check.clause_id} className={check.outcome === "does_not_apply" ? "dim" : undefined}>
          {ICONS[check.outcome]}
          <span>
            <span dir="auto">{check.outcome === "does_not_apply" ? check.title : check.says}</span>{" "}
            <span className="dim">
              ({check.clause_id} {OUTCOMES[check.outcome]}
              {check.unknown.length > 0 && `; not known: ${check.unknown.join(", ").toLowerCase()}`})
            </span>
          </span>
        </li>
      ))}
    </ul>
  );
}

const ICONS: Record<ClauseCheck["outcome"], ReactNode> = {
  allows: <Check className="i good" aria-hidden="true" />,
  forbids: <ShieldX className="i bad" aria-hidden="true" />,
  needs_a_person: <ShieldAlert className="i warn" aria-hidden="true" />,
  does_not_apply: <CircleSlash className="i" aria-hidden="true" />,
};

function ChangeForm({
  card: { call },
  isBusy,
  isLate,
  onDecide,
  onLeave,
}: {
  card: Card;
  isBusy: boolean;
  /** Whether it cannot be decided here any more: what was written, and is being written, is there to be copied. */
  isLate: boolean;
  onDecide: (decision: Decision) => void;
  onLeave: () => void;
}) {
  const [amount, setAmount] = useState(call.money?.amount ?? "");
  const [reason, setReason] = useState("");
  const [note, setNote] = useState("");
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current?.select();
    announce("Say how much instead.");
  }, []);
  const plain = amountIn(amount, call.money?.currency ?? "");
  const whyNot = call.money ? whyNotLess(amount, call.money) : null;
  const isLess = plain !== null && whyNot === null;
  const isWhole = isLess && reason.trim() !== "";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isWhole && !isBusy && !isLate) onDecide({ verb: "approve", amount: plain, ...said({ reason, note }) });
  };
  return (
    <form
      className="decide-form"
      onSubmit={submit}
      onKeyDown={(event) => event.key === "Escape" && !isBusy && onLeave()}
    >
      <div className="field amount-field">
        <label htmlFor={`${id}-amount`}>Amount in {call.money?.currency}</label>
        <input
          ref={input}
          id={`${id}-amount`}
          inputMode="decimal"
          autoComplete="off"
          value={amount}
          aria-describedby={`${id}-hint`}
          aria-invalid={(!isLess && amount !== call.money?.amount) || undefined}
          onChange={(event) => setAmount(event.target.value)}
        />
      </div>
      <div className="field grow">
        <label htmlFor={`${id}-reason`}>Why it is less: the customer is told</label>
        <input
          id={`${id}-reason`}
          dir="auto"
          maxLength={2000}
          autoComplete="off"
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </div>
      <p id={`${id}-hint`} className="field-hint" role="status">
        {isLate ? NOT_SENT : (whyNot ?? (isWhole ? "" : "Say why it is less: the customer is told."))}
      </p>
      <NoteField note={note} onNote={setNote} />
      <footer>
        {!isLate && (
          <button type="submit" className="btn primary" disabled={isBusy || !isWhole}>
            Approve {isLess && call.money ? money({ ...call.money, amount: plain }) : "less"}
          </button>
        )}
        <Leave isLate={isLate} isBusy={isBusy} onLeave={onLeave} />
      </footer>
    </form>
  );
}

const NOT_SENT = "What you wrote is not sent. It stays here until you put it away.";

function Leave({ isLate, isBusy, onLeave }: { isLate: boolean; isBusy: boolean; onLeave: () => void }) {
  return (
    <button type="button" className={isLate ? "btn" : "btn ghost"} disabled={isBusy} onClick={onLeave}>
      {isLate ? "Put it away" : "Cancel"}
    </button>
  );
}

/** What was written, without what was left empty. */
const said = <T extends Record<string, string>>(words: T): Partial<T> =>
  Object.fromEntries(
    Object.entries(words)
      .map(([name, text]) => [name, text.trim()])
      .filter(([, text]) => text),
  ) as Partial<T>;

function NoteField({ note, onNote }: { note: string; onNote: (note: string) => void }) {
  const id = useId();
  return (
    <div className="field note-field">
      <label htmlFor={id}>Note for colleagues: the customer never reads it</label>
      <input
        id={id}
        dir="auto"
        maxLength={2000}
        autoComplete="off"
        value={note}
        onChange={(event) => onNote(event.target.value)}
      />
    </div>
  );
}

function DeclineForm({
  isBusy,
  isLate,
  onDecide,
  onLeave,
}: {
  isBusy: boolean;
  /** Whether it cannot be decided here any more: what was written, and is being written, is there to be copied. */
  isLate: boolean;
  onDecide: (decision: Decision) => void;
  onLeave: () => void;
}) {
  const [reason, setReason] = useState("");
  const [note, setNote] = useState("");
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    input.current?.focus();
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (reason.trim() && !isBusy && !isLate) onDecide({ verb: "decline", reason: reason.trim(), ...said({ note }) });
  };
  return (
    <form
      className="decide-form"
      onSubmit={submit}
      onKeyDown={(event) => event.key === "Escape" && !isBusy && onLeave()}
    >
      <div className="field grow">
        <label htmlFor={id}>Why is it declined? The customer is told, and others learn from it.</label>
        <input
          ref={input}
          id={id}
          dir="auto"
          maxLength={2000}
          autoComplete="off"
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </div>
      <NoteField note={note} onNote={setNote} />
      {isLate && <p className="field-hint">{NOT_SENT}</p>}
      <footer>
        {!isLate && (
          <button type="submit" className="btn primary" disabled={isBusy || !reason.trim()}>
            Decline
          </button>
        )}
        <Leave isLate={isLate} isBusy={isBusy} onLeave={onLeave} />
      </footer>
    </form>
  );
}
