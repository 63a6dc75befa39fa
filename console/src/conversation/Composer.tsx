import { Menu } from "@base-ui/react/menu";
import { Popover } from "@base-ui/react/popover";
import { useQuery } from "@tanstack/react-query";
import { BookOpen, Check, ChevronDown } from "lucide-react";
import { type RefObject, useDeferredValue, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useSend } from "../api/outbox";
import { foundArticlesQuery } from "../api/queries";
import type { ArticleRow, ConversationDetail, Me } from "../api/types";
import { firstName } from "../parts/words";
import { keysShown } from "../shell/commands";
import { mainPlace } from "../shell/overlays";

const HEIGHT_MAX = 260;

/** Where a rep writes. What is typed is kept with the conversation until it is sent. */
export function Composer({
  detail,
  me,
  customer,
  inputRef,
}: {
  detail: ConversationDetail;
  me: Me;
  customer: string;
  inputRef: RefObject<HTMLTextAreaElement | null>;
}) {
  const { row } = detail;
  const draftKey = `answerable.draft.${row.id}`;
  const [text, setText] = useState(() => sessionStorage.getItem(draftKey) ?? "");
  const [isResolving, setIsResolving] = useState(false);
  const { send } = useSend();
  useEffect(() => {
    if (text) sessionStorage.setItem(draftKey, text);
    else sessionStorage.removeItem(draftKey);
  }, [draftKey, text]);
  useGrow(inputRef, text);

  const submit = () => {
    if (!text.trim()) return;
    const afterNumber = detail.messages.at(-1)?.number ?? 0;
    send({ conversationId: row.id, repId: me.id, text: text.trim(), resolve: isResolving, afterNumber });
    setText("");
    setIsResolving(false);
  };
  const insert = (words: string) => {
    const input = inputRef.current;
    const start = input?.selectionStart ?? text.length;
    const before = text.slice(0, start);
    const gap = before && !/\s$/.test(before) ? " " : "";
    setText(before + gap + words + text.slice(input?.selectionEnd ?? start));
    requestAnimationFrame(() => input?.focus());
  };
  const hasAi = row.handled_by === "agent" && row.status === "open";
  const placeholder = hasAi
    ? `Reply to ${firstName(customer)}; you take over from the AI`
    : `Reply to ${firstName(customer)}`;
  return (
    <form
      className="compose"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <textarea
        ref={inputRef}
        rows={1}
        dir="auto"
        value={text}
        aria-label={`Reply to ${customer}`}
        placeholder={placeholder}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.metaKey || event.ctrlKey) && !event.nativeEvent.isComposing) {
            event.preventDefault();
            submit();
          }
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <div className="tools">
        <ModeMenu isResolving={isResolving} onMode={setIsResolving} />
        <InsertArticle onInsert={insert} />
        <button type="submit" className="btn sm primary end" disabled={!text.trim()}>
          {isResolving ? "Send and resolve" : "Send"} <kbd aria-hidden="true">{keysShown("mod+Enter")}</kbd>
        </button>
      </div>
    </form>
  );
}

function ModeMenu({ isResolving, onMode }: { isResolving: boolean; onMode: (isResolving: boolean) => void }) {
  return (
    <Menu.Root>
      <Menu.Trigger className="btn ghost sm">
        {isResolving ? "Reply and resolve" : "Reply"}
        <ChevronDown className="i i-14" aria-hidden="true" />
      </Menu.Trigger>
      <Menu.Portal container={mainPlace()}>
        <Menu.Positioner align="start" side="top" sideOffset={4} collisionPadding={12} className="over">
          <Menu.Popup className="pop menu">
            <Menu.RadioGroup value={isResolving} onValueChange={(value) => onMode(value as boolean)}>
              {[false, true].map((value) => (
                <Menu.RadioItem key={String(value)} value={value} className="item" closeOnClick>
                  {value ? "Reply and resolve" : "Reply"}
                  <Menu.RadioItemIndicator className="end">
                    <Check className="i i-14" aria-hidden="true" />
                  </Menu.RadioItemIndicator>
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

function InsertArticle({ onInsert }: { onInsert: (words: string) => void }) {
  const [isOpen, setIsOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const words = useDeferredValue(typed.trim());
  const { data } = useQuery({ ...foundArticlesQuery(words), enabled: isOpen && words.length > 1 });
  const choose = (article: ArticleRow) => {
    const title = article.title.replaceAll(/[[\]]/g, "");
    onInsert(`[${title}](${article.url ?? `/help/${article.slug}`})`);
    setIsOpen(false);
    setTyped("");
  };
  return (
    <Popover.Root open={isOpen} onOpenChange={setIsOpen}>
      <Popover.Trigger className="btn ghost sm icon" aria-label="Insert an article">
        <BookOpen className="i i-14" aria-hidden="true" />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Positioner side="top" align="start" sideOffset={6} collisionPadding={12} className="over">
          <Popover.Popup className="pop insert-pop" aria-label="Insert an article">
            <input
              type="search"
              className="plain-input"
              aria-label="Search articles"
              placeholder="Search articles"
              dir="auto"
              value={typed}
              onChange={(event) => setTyped(event.target.value)}
            />
            {words.length > 1 && data && data.items.length === 0 && (
              <p className="dim pad">No article has that title.</p>
            )}
            {words.length > 1 && (
              <ul>
                {data?.items.map((article) => (
                  <li key={article.id}>
                    <button type="button" className="item" dir="auto" onClick={() => choose(article)}>
                      <span className="trunc">{article.title}</span>
                    </button>
                  </li>
                ))}
              </ul>
            )}
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** The field is as high as what is in it, up to a limit. */
function useGrow(input: RefObject<HTMLTextAreaElement | null>, text: string): void {
  const first = useRef(true);
  useLayoutEffect(() => {
    const field = input.current;
    if (!field || (first.current && !text)) {
      first.current = false;
      return;
    }
    first.current = false;
    field.style.height = "auto";
    field.style.height = `${Math.min(HEIGHT_MAX, field.scrollHeight)}px`;
  }, [input, text]);
}
