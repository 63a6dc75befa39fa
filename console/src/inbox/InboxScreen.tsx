import { useQuery } from "@tanstack/react-query";
import { MessagesSquare } from "lucide-react";
import { useEffect } from "react";
import { useParams } from "wouter";
import { useMe } from "../api/me";
import { conversationQuery } from "../api/queries";
import { ConversationPane } from "../conversation/ConversationPane";
import { Empty } from "../parts/small";
import { keysShown } from "../shell/commands";
import { useHasTraceColumn, useIsNarrow } from "../shell/media";
import { NotHere } from "../shell/NotHere";
import { TraceColumn } from "../trace/TraceColumn";
import { ConversationList } from "./ConversationList";
import { viewOf } from "./views";

/** The inbox: the list, the conversation that is open, and how its answers came about. */
export function InboxScreen() {
  const { view: slug, conversation: id } = useParams<{ view: string; conversation?: string }>();
  const view = viewOf(slug);
  const hasTrace = useHasTraceColumn();
  const isNarrow = useIsNarrow();
  const { data: detail } = useQuery({ ...conversationQuery(id ?? ""), enabled: id !== undefined });
  const me = useMe();
  const title = detail?.row.subject ?? view?.name ?? "Inbox";
  useEffect(() => {
    document.title = `${title} · ${me.company}`;
  }, [title, me.company]);

  if (!view) return <NotHere />;
  return (
    <div className={id ? "inbox with-conversation" : "inbox"}>
      {!(isNarrow && id) && <ConversationList key={view.view} view={view} openId={id} />}
      {id ? <ConversationPane key={id} id={id} view={view} /> : !isNarrow && <NothingOpen />}
      {id && hasTrace && <TraceColumn key={`${id}-trace`} conversationId={id} />}
    </div>
  );
}

function NothingOpen() {
  return (
    <section className="col" aria-label="Conversation">
      <Empty icon={<MessagesSquare className="i" />} title="Open a conversation">
        <p>You see what was said, every step of how the agent came to its answer, and you can take over at any time.</p>
        <dl className="hints">
          <dt>
            <kbd>{keysShown("j")}</kbd> <kbd>{keysShown("k")}</kbd>
          </dt>
          <dd>next, previous</dd>
          <dt>
            <kbd>/</kbd>
          </dt>
          <dd>search this list</dd>
          <dt>
            <kbd>?</kbd>
          </dt>
          <dd>all keys</dd>
        </dl>
      </Empty>
    </section>
  );
}
