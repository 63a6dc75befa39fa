import { useQuery } from "@tanstack/react-query";
import { ChevronRight } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { Link } from "wouter";
import { useFault } from "../api/faults";
import { conversationQuery } from "../api/queries";
import type { ApprovalCard, ConversationDetail, MessageCard } from "../api/types";
import { plainText } from "../parts/markdown";
import { useNow } from "../parts/now";
import { Loading, Skeleton, Time } from "../parts/small";
import { at, customerName } from "../parts/words";

/** What the customer said before it was asked for, and all of the conversation for whoever wants to read it. */
export function Evidence({ card: { call, evidence } }: { card: ApprovalCard }) {
  const [isOpen, setIsOpen] = useState(false);
  const name = customerName(call.customer);
  return (
    <div className="evidence">
      {evidence.length > 0 && (
        <figure>
          <figcaption className="dim">
            <span dir="auto">{name}</span> said
          </figcaption>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must scroll by keys, too. */}
          <blockquote tabIndex={0}>
            {evidence.map(({ message_id, text }) => (
              <p key={message_id} dir="auto">
                {text}
              </p>
            ))}
          </blockquote>
        </figure>
      )}
      <details className="more-facts" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
        <summary>
          <ChevronRight className="i i-14 tw" aria-hidden="true" />
          Read the conversation so far<span className="sr"> with {name}</span>
        </summary>
        {isOpen && <SoFar conversationId={call.conversation_id} name={name} />}
      </details>
      <Link to={`/inbox/all/${call.conversation_id}`} className="link">
        Open the conversation<span className="sr"> with {name}</span>
      </Link>
    </div>
  );
}

function SoFar({ conversationId, name }: { conversationId: string; name: string }) {
  const asked = useQuery(conversationQuery(conversationId));
  const { fault } = useFault(asked, conversationQuery(conversationId).queryKey);
  if (fault)
    return (
      <p className="bad so-far-fault" role="alert">
        {fault.message}
      </p>
    );
  if (!asked.data) {
    return (
      <Loading what="the conversation">
        <div className="so-far">
          <Skeleton width="72%" />
          <Skeleton width="58%" />
        </div>
      </Loading>
    );
  }
  return <Said detail={asked.data} name={name} />;
}

function Said({ detail, name }: { detail: ConversationDetail; name: string }) {
  const now = useNow();
  const box = useRef<HTMLOListElement>(null);
  useEffect(() => {
    // What led to the request stands at the end.
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  }, []);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must scroll by keys, too.
    <ol className="so-far" ref={box} tabIndex={0} aria-label={`What was said with ${name}`}>
      {detail.has_earlier && <li className="dim">What was said before this is in the conversation.</li>}
      {detail.messages.map((message) => (
        <li key={message.id} className={message.author === "note" ? "dim" : undefined}>
          <div className="row tight">
            <b dir="auto">{authorOf(message, name)}</b>
            <Time value={message.created_at}>{at(message.created_at, now)}</Time>
          </div>
          <p dir="auto">{message.author === "customer" ? message.text : plainText(message.text)}</p>
        </li>
      ))}
    </ol>
  );
}

function authorOf({ author, rep_name }: MessageCard, customer: string): string {
  if (author === "customer") return customer;
  if (author === "agent") return "AI agent";
  return author === "rep" ? (rep_name ?? "A colleague") : "Note";
}
