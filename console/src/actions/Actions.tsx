import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Download, Menu as MenuIcon, SearchX, Zap } from "lucide-react";
import { type RefObject, useCallback, useEffect, useMemo, useRef } from "react";
import { Link, Route, Switch, useLocation, useSearchParams } from "wouter";
import { address } from "../api/client";
import { useFault } from "../api/faults";
import { useMe } from "../api/me";
import { actionsQuery, type CallFilter, declaredQuery } from "../api/queries";
import { type ActionRow, type CallState, mayActAs } from "../api/types";
import { More } from "../parts/More";
import { useNow } from "../parts/now";
import { SearchField } from "../parts/Search";
import { Empty, Failed, Loading, Skeleton, Time } from "../parts/small";
import { at, customerName, number } from "../parts/words";
import { type Command, useCommands } from "../shell/commands";
import { listKeys, moveFocus } from "../shell/lists";
import { useIsNarrow } from "../shell/media";
import { NotHere } from "../shell/NotHere";
import { openMenu } from "../shell/overlays";
import { ActionPage } from "./ActionPage";
import { AskedFor } from "./Changes";
import { Undo } from "./Undo";
import { approvers, decliner, money, oneOf, reasonOf, STATES } from "./words";

/** All that was asked for and what became of it. */
export default function Actions() {
  const me = useMe();
  useEffect(() => {
    document.title = `Actions · ${me.company}`;
  }, [me.company]);
  return (
    <Switch>
      <Route path="/actions" component={Table} />
      <Route path="/actions/:id">{({ id }) => <ActionPage key={id} id={id} />}</Route>
      <Route component={NotHere} />
    </Switch>
  );
}

const DAY_MS = 86_400_000;
const PERIODS = [
  { days: "", name: "Any time" },
  { days: "1", name: "Last 24 hours" },
  { days: "7", name: "Last 7 days" },
  { days: "30", name: "Last 30 days" },
];
const NARROWED = ["customer", "conversation", "clause"] as const;
const NARROWED_NAMES = { customer: "One customer", conversation: "One conversation", clause: "Clause" };

function useFilter() {
  const [search, setSearch] = useSearchParams();
  const days = /^\d{1,4}$/.exec(search.get("days") ?? "")?.[0] ?? "";
  const filter = useMemo<CallFilter>(() => {
    const of = (name: string) => search.get(name) ?? undefined;
    const state = of("state");
    // Of a whole minute, so that the address of the list stays the same while it is looked at.
    const since = days ? new Date(Math.floor(Date.now() / 60_000) * 60_000 - Number(days) * DAY_MS) : null;
    return {
      ...(state && state in STATES ? { state: state as CallState } : {}),
      action: of("action"),
      customer: of("customer"),
      conversation: of("conversation"),
      clause: of("clause"),
      q: of("q"),
      since: since?.toISOString(),
    };
  }, [search, days]);
  const change = (name: string, value: string) =>
    setSearch(
      (before) => {
        const after = new URLSearchParams(before);
        if (value) after.set(name, value);
        else after.delete(name);
        return after;
      },
      { replace: true },
    );
  return { filter, change, days, isNarrowed: search.size > 0 };
}

function Table() {
  const me = useMe();
  const isNarrow = useIsNarrow();
  const { filter, change, days, isNarrowed } = useFilter();
  const list = useInfiniteQuery(actionsQuery(filter));
  const { fault, again } = useFault(list, actionsQuery(filter).queryKey);
  const { data: declared } = useQuery(declaredQuery);
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  const input = useRef<HTMLInputElement>(null);
  const body = useRef<HTMLTableSectionElement>(null);
  useTableKeys(body, input);
  return (
    <div className="page">
      <div className="in calls-page">
        <div className="phead">
          {isNarrow && (
            <button type="button" className="btn ghost icon" aria-label="Menu" onClick={openMenu}>
              <MenuIcon className="i" aria-hidden="true" />
            </button>
          )}
          <h1>Actions</h1>
          {mayActAs(me, "lead") && (
            <span className="end row tight">
              {(["csv", "jsonl"] as const).map((format) => (
                <a
                  key={format}
                  className="btn"
                  download
                  href={`/api${address("/actions/export", { ...filter, format })}`}
                >
                  <Download className="i i-14" aria-hidden="true" />
                  <span className="sr">Export as </span>
                  {format.toUpperCase()}
                </a>
              ))}
            </span>
          )}
        </div>
        <section className="card calls-card" aria-label="Actions">
          <header className="calls-filters">
            <SearchField
              value={filter.q ?? ""}
              inputRef={input}
              label="Search customers"
              onSearch={(words) => change("q", words)}
            />
            <select
              className="select"
              aria-label="State"
              value={filter.state ?? ""}
              onChange={(event) => change("state", event.target.value)}
            >
              <option value="">All states</option>
              {Object.entries(STATES).map(([state, { name }]) => (
                <option key={state} value={state}>
                  {name}
                </option>
              ))}
            </select>
            <select
              className="select"
              aria-label="Action"
              value={filter.action ?? ""}
              onChange={(event) => change("action", event.target.value)}
            >
              <option value="">All actions</option>
              {declared?.map(({ name, title }) => (
                <option key={name} value={name}>
                  {title}
                </option>
              ))}
              {filter.action && !declared?.some(({ name }) => name === filter.action) && (
                <option>{filter.action}</option>
              )}
            </select>
            <select
              className="select"
              aria-label="Period"
              value={days}
              onChange={(event) => change("days", event.target.value)}
            >
              {PERIODS.map((one) => (
                <option key={one.days} value={one.days}>
                  {one.name}
                </option>
              ))}
              {!PERIODS.some((one) => one.days === days) && <option value={days}>Last {days} days</option>}
            </select>
            {NARROWED.filter((name) => filter[name]).map((name) => (
              <button key={name} type="button" className="chip line removable" onClick={() => change(name, "")}>
                {name === "clause" ? `Clause ${filter.clause}` : NARROWED_NAMES[name]}
                <span aria-hidden="true">×</span>
                <span className="sr">, remove this filter</span>
              </button>
            ))}
            <span className="dim num end" role="status">
              {list.data && `${number(rows.length)}${list.hasNextPage ? "+" : ""} shown`}
            </span>
          </header>
          {list.isPending && !fault ? (
            <Loading what="actions">
              {Array.from({ length: 8 }, (_, place) => (
                <div className="arow" key={place}>
                  <Skeleton width={`${30 + ((place * 19) % 34)}%`} />
                </div>
              ))}
            </Loading>
          ) : fault ? (
            <Failed error={fault} what="list" onRetry={again} />
          ) : rows.length === 0 ? (
            <NoActions isNarrowed={isNarrowed} />
          ) : (
            <table className="calls">
              <thead>
                <tr>
                  <th scope="col">When</th>
                  <th scope="col">Action</th>
                  <th scope="col">Customer</th>
                  <th scope="col" className="r">
                    Amount
                  </th>
                  <th scope="col">State</th>
                  <th scope="col">Clause</th>
                  <th scope="col">Approval</th>
                  <th scope="col">Receipt</th>
                  <th scope="col">
                    <span className="sr">Take back</span>
                  </th>
                </tr>
              </thead>
              <tbody ref={body}>
                {rows.map((row) => (
                  <CallRow key={row.id} row={row} onClause={(clause) => change("clause", clause)} />
                ))}
              </tbody>
            </table>
          )}
        </section>
        <More list={list} />
      </div>
    </div>
  );
}

/** States that a list must not show without what led to them. */
const SAYS_WHY: readonly CallState[] = ["refused", "declined", "failed", "unknown"];

function CallRow({ row, onClause }: { row: ActionRow; onClause: (clause: string) => void }) {
  const now = useNow();
  const state = STATES[row.state];
  const clause = clauseOf(row);
  return (
    <tr data-call={row.id}>
      <td className="when dim">
        <Time value={row.created_at}>{at(row.created_at, now)}</Time>
      </td>
      <td className="what">
        <Link to={`/actions/${row.id}`} className="trunc">
          {row.title}
        </Link>
        <span className="dim trunc" dir="auto">
          by {row.requested_by.name}
        </span>
      </td>
      <td className="whom">
        <Link
          to={`/inbox/all/${row.conversation_id}`}
          className="trunc plain"
          title={`${customerName(row.customer)}: ${row.subject}`}
        >
          <span dir="auto">{customerName(row.customer)}</span>
        </Link>
      </td>
      <td className="r num much">
        {row.money && money(row.money)}
        {row.changes.length > 0 && <AskedFor changes={row.changes} />}
      </td>
      <td className="state">
        <span className={`chip ${state.tone}`} title={state.means}>
          {state.name}
        </span>
        {SAYS_WHY.includes(row.state) && (
          <span className="dim trunc" dir="auto" title={reasonOf(row)}>
            {reasonOf(row)}
          </span>
        )}
      </td>
      <td className="clause">
        {clause ? (
          <button type="button" className="chip line" onClick={() => onClause(clause)}>
            <span className="sr">Only clause </span>
            {clause}
          </button>
        ) : (
          row.state === "refused" && <span className="dim">none</span>
        )}
      </td>
      <td
        className="approval-cell dim trunc"
        dir="auto"
        title={row.approval ? approvalInShort(row.approval) : undefined}
      >
        {row.approval && approvalInShort(row.approval)}
      </td>
      <td className="receipt mono trunc" title={row.receipt?.summary}>
        {row.receipt?.reference}
      </td>
      <td className="r back">
        <Undo call={row} isSmall />
      </td>
    </tr>
  );
}

/** The clause that decided: of what is refused the one that refused it, if a clause did. */
function clauseOf({ state, reason, clause_id, approval }: ActionRow): string | null {
  if (state !== "refused") return approval?.clause_id ?? clause_id;
  return clause_id && reason.includes(clause_id) ? clause_id : null;
}

export function approvalInShort(approval: NonNullable<ActionRow["approval"]>): string {
  if (approval.state === "open") {
    return approval.needed > 1
      ? `${approval.approved_by.length} of ${approval.needed} approved`
      : `waits for ${oneOf(approval.role)}`;
  }
  if (approval.state === "expired") return "nobody decided";
  if (approval.state === "refused") return `${approvers(approval)} approved, a rule forbade it`;
  return approval.state === "approved" ? approvers(approval) : `${decliner(approval)} declined`;
}

function useTableKeys(
  body: RefObject<HTMLTableSectionElement | null>,
  input: RefObject<HTMLInputElement | null>,
): void {
  const [, go] = useLocation();
  const move = useCallback((by: 1 | -1) => moveFocus(body.current, ".what a", by), [body]);
  const commands = useMemo<Command[]>(
    () => [
      ...listKeys("action", move),
      { id: "search", title: "Search customers", group: "Lists", keys: ["/"], run: () => input.current?.focus() },
      {
        id: "unknown",
        title: "Actions whose outcome is not known",
        group: "Lists",
        run: () => go("/actions?state=unknown"),
      },
    ],
    [move, input, go],
  );
  useCommands(commands);
}

function NoActions({ isNarrowed }: { isNarrowed: boolean }) {
  if (isNarrowed) {
    return (
      <Empty icon={<SearchX className="i" />} title="Nothing found">
        <p>No action passes these filters.</p>
        <Link className="btn" to="/actions">
          Show all
        </Link>
      </Empty>
    );
  }
  return (
    <Empty icon={<Zap className="i" />} title="Nothing has been asked for yet">
      <p>
        Refunds, cancellations, invoices sent again: whatever the agent or a rep asks for stands here, with the rule
        that allowed or refused it, who approved it, and its receipt.
      </p>
    </Empty>
  );
}
