import { useQuery } from "@tanstack/react-query";
import { ChevronRight, CircleAlert, CircleCheck, CircleSlash, Hand, Search, ShieldX, Zap } from "lucide-react";
import { type FormEvent, type ReactNode, useEffect, useId, useMemo, useRef, useState } from "react";
import { Link, useParams } from "wouter";
import { useFault } from "../api/faults";
import { useMe } from "../api/me";
import { conversationQuery, declaredQuery, useVerb } from "../api/queries";
import type { ActionDetail, ConversationDetail, DeclaredAction, Json, Role, TriedAction } from "../api/types";
import { JsonView } from "../parts/JsonView";
import { useNow } from "../parts/now";
import { Empty, Failed, Loading, Skeleton } from "../parts/small";
import { identityOf, plural, ROLE_NAMES } from "../parts/words";
import { notifyProblem } from "../shell/notices";
import { Checks, FactsRead } from "./ApprovalCard";
import { useAct, useTry, type Wish } from "./asking";
import { FaultHere, useFaultHere, useFocusBack } from "./faults";
import { CallLine } from "./InConversation";
import { argumentsOf, currencyKeyOf, type Draft, type Field, fieldsOf, isWhole, keyOf, mistakeIn } from "./schema";
import { EFFECTS, inShort, money, oneOf, reasonOf, STATES } from "./words";

/** A rep asks for an action: says what, sees what would become of it, and then asks. The same rules hold as for the agent. */
export default function Act() {
  const { conversation } = useParams<{ conversation: string }>();
  const { data: detail } = useQuery({ ...conversationQuery(conversation ?? ""), enabled: conversation !== undefined });
  return detail ? <Asking detail={detail} /> : null;
}

function Asking({ detail }: { detail: ConversationDetail }) {
  const me = useMe();
  const asked = useQuery(declaredQuery);
  const { fault, again } = useFault(asked, declaredQuery.queryKey);
  const [name, setName] = useState("");
  // What was looked up stays in sight while it is used.
  const [done, setDone] = useState<ActionDetail | null>(null);
  const id = useId();
  const choice = useRef<HTMLSelectElement>(null);
  const isThere = asked.data !== undefined;
  useEffect(() => {
    // Whoever came by a key goes on by keys; who walks along the tabs stays there.
    if (isThere && document.activeElement === document.body) choice.current?.focus();
  }, [isThere]);
  const { row } = detail;
  if (row.status !== "open" || row.handled_by !== "rep" || row.assignee_id !== me.id)
    return <NotYours detail={detail} />;
  if (fault) return <Failed error={fault} what="list" onRetry={again} />;
  if (!asked.data) {
    return (
      <Loading what="what can be done">
        <div className="side">
          <Skeleton width="40%" />
          <Skeleton width="100%" height={30} />
        </div>
      </Loading>
    );
  }
  if (asked.data.length === 0) {
    return (
      <Empty icon={<CircleSlash className="i" />} title="There is nothing to ask for">
        <p>The workspace declares no actions. Once it does, they can be chosen here.</p>
      </Empty>
    );
  }
  const chosen = asked.data.find((each) => each.name === name);
  return (
    <div className="side act">
      <div className="field">
        <label htmlFor={id}>What shall be done?</label>
        <select id={id} ref={choice} className="select" value={name} onChange={(event) => setName(event.target.value)}>
          <option value="">Choose an action</option>
          {(["reads", "writes", "moves_money"] as const).map((effect) => (
            <optgroup key={effect} label={EFFECTS[effect]}>
              {asked.data
                .filter((each) => each.effect === effect)
                .map((each) => (
                  <option key={each.name} value={each.name}>
                    {each.title}
                  </option>
                ))}
            </optgroup>
          ))}
        </select>
      </div>
      {chosen ? (
        <Wishing key={chosen.name} action={chosen} detail={detail} onDone={setDone} />
      ) : (
        <p className="dim">
          The same rules hold as for the agent. You see what would become of it before anything is done, and what needs
          an approval waits for somebody else.
        </p>
      )}
      {done && <Became key={done.call.id} detail={done} />}
    </div>
  );
}

function NotYours({ detail }: { detail: ConversationDetail }) {
  const verb = useVerb(detail.row.id);
  return (
    <Empty icon={<Zap className="i" />} title="Ask for an action yourself">
      <p>
        Refunds, invoices sent again: whatever the agent can ask for, so can you, by the same rules. Only who has the
        conversation may, so that nobody acts beside somebody else.
      </p>
      <button
        type="button"
        className="btn"
        disabled={verb.isPending}
        onClick={() => verb.mutate({ verb: "take-over" }, { onError: notifyProblem })}
      >
        Take over
      </button>
    </Empty>
  );
}

function Wishing({
  action,
  detail,
  onDone,
}: {
  action: DeclaredAction;
  detail: ConversationDetail;
  onDone: (after: ActionDetail) => void;
}) {
  const now = useNow();
  const fields = useMemo(() => fieldsOf(action.parameters as Json), [action.parameters]);
  const currencies = Object.keys(action.limits.per_call);
  const [draft, setDraft] = useState<Draft>(() =>
    Object.fromEntries(
      fields.filter(({ kind }) => kind === "amount").map((field) => [currencyKeyOf(field), currencies[0] ?? ""]),
    ),
  );
  const [tried, setTried] = useState<TriedAction | null>(null);
  const { fault, setFault, tell } = useFaultHere();
  const [wrong, setWrong] = useState<string | null>(null);
  const form = useRef<HTMLFormElement>(null);
  // A wish keeps its key until it has been heard, so that sending it again does not ask for it twice.
  const key = useRef(crypto.randomUUID());
  const triedKey = useRef("");
  const trying = useTry(detail.row.id, {
    // What would become of a wish says nothing of the one that was typed meanwhile.
    onDone: (would) => triedKey.current === key.current && setTried(would),
    onFault: tell,
  });
  const asking = useAct(detail.row.id, {
    onDone: (after) => {
      key.current = crypto.randomUUID();
      setTried(null);
      onDone(after);
    },
    onFault: tell,
  });
  const isBusy = trying.isPending || asking.isPending;
  const reads = action.effect === "reads";
  useFocusBack(isBusy, form, tried ? ".tried" : ".primary");
  const change = (part: Draft) => {
    key.current = crypto.randomUUID();
    setTried(null);
    setFault(null);
    setWrong(null);
    setDraft((before) => ({ ...before, ...part }));
  };
  const wish = (): Wish => ({ action: action.name, arguments: argumentsOf(fields, draft), key: key.current });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isBusy || !isWhole(fields, draft)) return;
    const mistaken = fields.find((field) => mistakeIn(field, draft) !== null);
    setWrong(mistaken ? keyOf(mistaken) : null);
    setFault(mistaken ? mistakeIn(mistaken, draft) : null);
    if (mistaken) return;
    if (reads) asking.mutate(wish());
    else {
      triedKey.current = key.current;
      trying.mutate(wish());
    }
  };
  const ask = () => {
    setFault(null);
    asking.mutate(wish());
  };
  return (
    <>
      <p className="dim">
        {action.description}
        {action.identity !== "anonymous" &&
          ` Needs a customer who is ${action.identity.replace("_", " ")}; this one ${identityOf(detail.row, now)}.`}
      </p>
      <form className="act-form" ref={form} onSubmit={submit}>
        {fields.map((field) => (
          <Input
            key={keyOf(field)}
            field={field}
            draft={draft}
            currencies={currencies}
            isWrong={keyOf(field) === wrong}
            onDraft={change}
          />
        ))}
        <FaultHere fault={fault} />
        {tried && <TriedCard tried={tried} />}
        <p className="row">
          {mayAsk(tried) ? (
            // Enter in a field, or held down on the button before, must not do what nobody has read yet.
            <button key="ask" type="button" className="btn primary" disabled={isBusy} onClick={ask}>
              {tried.state === "ready" ? `Do it: ${inWords(tried)}` : "Ask for the approval"}
            </button>
          ) : (
            <button key="try" type="submit" className="btn primary" disabled={isBusy || !isWhole(fields, draft)}>
              {reads ? (
                <>
                  <Search className="i i-14" aria-hidden="true" />
                  Look it up
                </>
              ) : (
                "What would happen?"
              )}
            </button>
          )}
          {tried && (
            <button
              type="button"
              className="btn ghost"
              disabled={isBusy}
              onClick={() => {
                change({});
                form.current?.querySelector<HTMLElement>("input, select, textarea")?.focus();
              }}
            >
              Not now
            </button>
          )}
        </p>
      </form>
    </>
  );
}

const mayAsk = (tried: TriedAction | null): tried is TriedAction =>
  tried?.state === "ready" || tried?.state === "awaiting_approval";
const inWords = ({ title, money: moves }: TriedAction): string => (moves ? `${title} ${money(moves)}` : title);

const INPUT_MODES: Partial<Record<Field["kind"], "decimal" | "numeric">> = { number: "decimal", whole: "numeric" };

function Input({
  field,
  draft,
  currencies,
  isWrong,
  onDraft,
}: {
  field: Field;
  draft: Draft;
  currencies: string[];
  isWrong: boolean;
  onDraft: (part: Draft) => void;
}) {
  const id = useId();
  const value = draft[keyOf(field)] ?? "";
  const set = (text: string) => onDraft({ [keyOf(field)]: text });
  useEffect(() => {
    if (isWrong) document.getElementById(id)?.focus();
  }, [isWrong, id]);
  const common = {
    id,
    value,
    "aria-invalid": isWrong,
    "aria-describedby": field.hint ? `${id}-hint` : undefined,
    onChange: (event: { target: { value: string } }) => set(event.target.value),
  };
  const currency = {
    "aria-label": `Currency of ${field.name.toLowerCase()}`,
    value: draft[currencyKeyOf(field)] ?? "",
    onChange: (event: { target: { value: string } }) => onDraft({ [currencyKeyOf(field)]: event.target.value }),
  };
  return (
    <div className="field">
      <label htmlFor={id}>
        {field.name}
        {field.isOptional && <span className="dim"> (if you like)</span>}
      </label>
      {field.kind === "choice" || field.kind === "yes_no" ? (
        <select className="select" {...common}>
          <option value="">Choose</option>
          {field.options.map((option) => (
            <option key={option} value={option}>
              {field.kind === "yes_no" ? (option === "true" ? "yes" : "no") : option.replaceAll("_", " ")}
            </option>
          ))}
        </select>
      ) : field.kind === "json" ? (
        <textarea className="plain-input mono" rows={3} {...common} />
      ) : field.kind === "amount" ? (
        <div className="row tight">
          <input inputMode="decimal" autoComplete="off" placeholder="84.00" {...common} />
          {currencies.length > 0 ? (
            <select className="select" {...currency}>
              {currencies.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </select>
          ) : (
            <input placeholder="EUR" autoComplete="off" maxLength={3} {...currency} />
          )}
        </div>
      ) : (
        <input dir="auto" autoComplete="off" inputMode={INPUT_MODES[field.kind]} {...common} />
      )}
      {field.hint && (
        <p id={`${id}-hint`} className="field-hint">
          {field.hint}
        </p>
      )}
    </div>
  );
}

const HEADS: Record<TriedAction["state"], { tone: string; icon: ReactNode }> = {
  ready: { tone: "good", icon: <CircleCheck className="i" aria-hidden="true" /> },
  awaiting_approval: { tone: "warn", icon: <Hand className="i" aria-hidden="true" /> },
  refused: { tone: "bad", icon: <ShieldX className="i" aria-hidden="true" /> },
  failed: { tone: "bad", icon: <CircleAlert className="i" aria-hidden="true" /> },
};

function headOf({ state, approval }: TriedAction): string {
  if (state === "ready") return "It would be done at once";
  if (state === "refused") return "It would be refused";
  if (state === "failed") return "The outside system would not do it";
  return `It would wait for ${people(approval?.needed ?? 1, approval?.role ?? "rep")} other than you`;
}

const people = (needed: number, role: Role): string =>
  needed > 1 ? plural(needed, ROLE_NAMES[role].toLowerCase()) : oneOf(role);

/** Whether the reason says more than the rules that stand below it. */
const isToldApart = ({ state, reason, checks }: TriedAction): boolean =>
  state === "failed" ||
  (state === "refused" && !checks.some((each) => each.outcome === "forbids" && reason.includes(each.says)));

/** What would become of it: who would decide, by which rules, from which facts. Nothing has been done. */
function TriedCard({ tried }: { tried: TriedAction }) {
  const head = HEADS[tried.state];
  return (
    <section className={`tried is-${head.tone}`} aria-label="What would happen" role="status" tabIndex={-1}>
      <header>
        {head.icon}
        {headOf(tried)}
      </header>
      <div className="ask-in">
        <p>
          <b>{inWords(tried)}</b>
        </p>
        {isToldApart(tried) && <p dir="auto">{tried.reason}</p>}
        {tried.would && (
          <p dir="auto">
            A dry run says, in words for the customer: <q>{tried.would}</q>
          </p>
        )}
        <Checks checks={tried.checks} />
        <FactsRead facts={tried.facts} />
        {tried.before && (
          <p>
            The same was asked for already, and asking again gives that one:{" "}
            <Link to={`/actions/${tried.before.id}`} className="link">
              {inShort(tried.before)}, {STATES[tried.before.state].name.toLowerCase()}
            </Link>
          </p>
        )}
        <p className="dim">Nothing has been done yet.</p>
      </div>
    </section>
  );
}

/** What became of it, where it was asked for. */
function Became({ detail: { call, result } }: { detail: ActionDetail }) {
  return (
    <section className="became" aria-label="What became of it" role="status">
      <CallLine call={call} />
      <p dir="auto">{reasonOf(call)}</p>
      {call.effect === "reads" && result !== null && (
        <details className="more-facts">
          <summary>
            <ChevronRight className="i i-14 tw" aria-hidden="true" />
            All that came back
          </summary>
          <div className="det">
            <div className="part">
              <JsonView value={result as Json} />
            </div>
          </div>
        </details>
      )}
      {call.effect !== "reads" && (
        <p className="dim">The customer is not told by itself. Reply to them when it is settled.</p>
      )}
    </section>
  );
}
