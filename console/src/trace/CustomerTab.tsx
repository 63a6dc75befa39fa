import { BadgeCheck, KeyRound } from "lucide-react";
import { Link } from "wouter";
import { useSendCode } from "../api/queries";
import type { ConversationDetail } from "../api/types";
import { useNow } from "../parts/now";
import { Strip } from "../parts/Strip";
import { Avatar, Time } from "../parts/small";
import { ago, customerName, day, identityOf, isProved, language } from "../parts/words";
import { notify, notifyProblem } from "../shell/notices";

/** Who is asking: what we know of them, and what else they asked. */
export function CustomerTab({ detail }: { detail: ConversationDetail }) {
  const now = useNow();
  const { customer } = detail.row;
  const name = customerName(customer);
  return (
    <div className="side">
      <div className="person">
        <Avatar id={customer.id} name={name} isLarge />
        <div className="grow">
          <b className="trunc" dir="auto">
            {name}
          </b>
          <span className="row tight dim">
            {isProved(detail.row, now) && <BadgeCheck className="i i-14 good" aria-hidden="true" />}
            {identityOf(detail.row, now)}
          </span>
        </div>
      </div>
      <dl className="facts">
        {customer.email && (
          <>
            <dt>E-mail</dt>
            <dd className="trunc">{customer.email}</dd>
          </>
        )}
        {Object.entries(customer.attributes).map(([label, value]) => (
          <Fact key={label} label={label} value={value} />
        ))}
        {detail.language && (
          <>
            <dt>Language</dt>
            <dd>{language(detail.language)}</dd>
          </>
        )}
        <dt>First seen</dt>
        <dd>{day(customer.created_at)}</dd>
      </dl>
      {isProved(detail.row, now) && customer.identity === "verified" && <AskForCode conversationId={detail.row.id} />}
      <h2>Other conversations</h2>
      {detail.other_conversations.length === 0 ? (
        <p className="dim">This is the first one.</p>
      ) : (
        <ul className="others">
          {detail.other_conversations.map((row) => (
            <li key={row.id}>
              <Link to={`/inbox/all/${row.id}`}>
                <span className="trunc" dir="auto">
                  {row.subject}
                </span>
                <Time value={row.changed_at}>{ago(row.changed_at, now)}</Time>
                <span className="dim trunc">{row.status === "resolved" ? "Resolved" : (row.why ?? "Open")}</span>
                <Strip bars={row.strip} />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Fact({ label, value }: { label: string; value: string }) {
  const words = label.replaceAll("_", " ");
  return (
    <>
      <dt dir="auto">{words.charAt(0).toUpperCase() + words.slice(1)}</dt>
      <dd dir="auto">{value}</dd>
    </>
  );
}

/** For what needs more than having signed in: the customer proves that they read their mail, too. */
function AskForCode({ conversationId }: { conversationId: string }) {
  const send = useSendCode(conversationId, {
    onDone: ({ words }) => notify(`${words} Ask the customer to type it into the chat.`),
    onFault: notifyProblem,
  });
  return (
    <p className="ask-code">
      <button type="button" className="btn" disabled={send.isPending} onClick={() => send.mutate()}>
        <KeyRound className="i i-14" aria-hidden="true" />
        {send.isPending ? "Sending…" : "Send a code"}
      </button>
      <span className="dim">By e-mail, to prove again who they are.</span>
    </p>
  );
}
