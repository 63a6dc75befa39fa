import { BadgeCheck } from "lucide-react";
import { type CSSProperties, memo, type Ref } from "react";
import { Link } from "wouter";
import { inShort } from "../actions/words";
import type { InboxRow } from "../api/types";
import { useNow } from "../parts/now";
import { Strip } from "../parts/Strip";
import { Avatar, Time } from "../parts/small";
import { ago, customerName, firstName, isProved } from "../parts/words";

/** Of a row whose words need one line; the list measures those that need more. */
export const ROW_HEIGHT = 88;

interface Props {
  row: InboxRow;
  to: string;
  style: CSSProperties;
  /** Where the list has it, and what it measures it with. */
  index: number;
  measure: Ref<HTMLDivElement>;
  isOpen: boolean;
  isAfterOpen: boolean;
  hasRule: boolean;
  /** In the list of those that need a person, the reason needs no mark of its own. */
  isQueue: boolean;
  place: number;
  /** How many there are in the whole list; -1 where that is not known yet. */
  total: number;
}

export const Row = memo(
  function Row({ row, to, style, index, measure, isOpen, isAfterOpen, hasRule, isQueue, place, total }: Props) {
    const now = useNow();
    const name = customerName(row.customer);
    const waits = isQueue && row.handled_by === "rep";
    const since = waits ? row.waiting_since : row.changed_at;
    return (
      <div
        role="listitem"
        aria-setsize={total}
        aria-posinset={place}
        className="conv-place"
        style={style}
        ref={measure}
        data-index={index}
      >
        <Link
          to={to}
          data-id={row.id}
          className={hasRule && !isOpen && !isAfterOpen ? "conv ruled" : "conv"}
          aria-current={isOpen ? "true" : undefined}
        >
          <Avatar id={row.customer.id} name={name} />
          <div className="who">
            <b className="trunc" dir="auto">
              {name}
            </b>
            {isProved(row, now) && <BadgeCheck className="i i-14 good" aria-label="proved who they are" />}
            <Time value={since}>{ago(since, now)}</Time>
          </div>
          <div className="sub trunc" dir="auto">
            {row.subject}
          </div>
          <div className={waits ? "meta whole" : "meta"}>
            {waits && <Strip bars={row.strip} isRunning={row.agent_is_writing} />}
            <What row={row} isQueue={isQueue} />
            {!waits && <Strip bars={row.strip} isRunning={row.agent_is_writing} />}
          </div>
        </Link>
      </div>
    );
  },
  (before, after) =>
    before.row === after.row &&
    before.to === after.to &&
    before.isOpen === after.isOpen &&
    before.isAfterOpen === after.isAfterOpen &&
    before.hasRule === after.hasRule &&
    before.total === after.total &&
    before.index === after.index &&
    before.place === after.place &&
    before.style.transform === after.style.transform,
);

/** Why it is where it is, in a few words. */
function What({ row, isQueue }: { row: InboxRow; isQueue: boolean }) {
  if (row.status === "resolved") return <span className="trunc">Resolved</span>;
  const asked = row.approvals[0];
  if (asked) {
    const more = row.approvals.length - 1;
    return (
      <span className="chip warn" title="Waits for approval">
        <span className="trunc">
          <span className="sr">Waits for approval: </span>
          {inShort(asked)}
          {more > 0 && ` and ${more} more`}
        </span>
      </span>
    );
  }
  const isWaitingForAPerson = row.waiting_on === "rep" && row.assignee_id === null;
  if (isWaitingForAPerson && row.why && !isQueue) {
    return (
      <span className="chip warn" dir="auto" title={row.why}>
        <span className="trunc">{row.why}</span>
      </span>
    );
  }
  const who = row.assignee_name ? firstName(row.assignee_name) : null;
  const words = row.agent_is_writing ? (row.why ?? "Writing answer") : (row.why ?? lastSaid(row));
  return (
    <span className={isQueue && row.handled_by === "rep" ? undefined : "trunc"} dir="auto" title={words}>
      {who ? `${who} · ${words}` : words}
    </span>
  );
}

function lastSaid(row: InboxRow): string {
  if (row.waiting_on === "customer") return row.last_author === "rep" ? "Replied" : "Answered";
  return row.waiting_on === "rep" ? "Waiting for a reply" : "With the agent";
}
