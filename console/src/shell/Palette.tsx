import { Dialog } from "@base-ui/react/dialog";
import { useQuery } from "@tanstack/react-query";
import { Command, useCommandState } from "cmdk";
import { BookOpen, Search } from "lucide-react";
import { type ReactNode, useDeferredValue, useState } from "react";
import { useLocation } from "wouter";
import { foundArticlesQuery, foundConversationsQuery } from "../api/queries";
import { Avatar } from "../parts/small";
import { customerName } from "../parts/words";
import { GROUPS, useAllCommands } from "./commands";
import { Keys } from "./KeyCaps";
import { show } from "./overlays";

/** Every command, and every conversation and article by its words. */
export default function Palette() {
  const [typed, setTyped] = useState("");
  const words = useDeferredValue(typed.trim());
  const commands = useAllCommands().filter((command) => !command.isKeyOnly);
  const groups = GROUPS.filter((group) => commands.some((command) => command.group === group));
  const [, go] = useLocation();
  const { data: conversations, isFetching: seeksConversations } = useQuery(foundConversationsQuery(words));
  const { data: articles, isFetching: seeksArticles } = useQuery(foundArticlesQuery(words));
  const rows = (words && conversations?.items) || [];
  const titles = (words && articles?.items) || [];
  const close = (then: () => void) => {
    show(null);
    then();
  };

  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && show(null)}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog palette" aria-label="Search or jump">
          <Command label="Search or jump" loop>
            <div className="palette-field">
              <Search className="i dim" aria-hidden="true" />
              <Command.Input value={typed} onValueChange={setTyped} placeholder="Search or jump" dir="auto" />
              <kbd>Esc</kbd>
            </div>
            <Results hasFound={rows.length + titles.length > 0} isSeeking={seeksConversations || seeksArticles}>
              {groups.map((group) => (
                <Command.Group key={group} heading={group}>
                  {commands
                    .filter((command) => command.group === group)
                    .map((command) => (
                      <Command.Item
                        key={command.id}
                        value={`${command.title} ${command.id}`}
                        onSelect={() => close(command.run)}
                      >
                        {command.title}
                        {command.keys?.[0] && <Keys keys={command.keys[0]} />}
                      </Command.Item>
                    ))}
                </Command.Group>
              ))}
              {rows.length > 0 && (
                <Command.Group heading="Conversations" forceMount>
                  {rows.map((row) => (
                    <Command.Item
                      key={row.id}
                      forceMount
                      value={`conversation ${row.id}`}
                      onSelect={() => close(() => go(`/inbox/all/${row.id}`))}
                    >
                      <Avatar id={row.customer.id} name={customerName(row.customer)} />
                      <span className="trunc" dir="auto">
                        {customerName(row.customer)} <span className="dim">{row.subject}</span>
                      </span>
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
              {titles.length > 0 && (
                <Command.Group heading="Articles" forceMount>
                  {titles.map((row) => (
                    <Command.Item
                      key={row.id}
                      forceMount
                      value={`article ${row.id}`}
                      onSelect={() => close(() => go(`/knowledge/articles/${row.id}`))}
                    >
                      <BookOpen className="i dim" aria-hidden="true" />
                      <span className="trunc" dir="auto">
                        {row.title}
                      </span>
                    </Command.Item>
                  ))}
                </Command.Group>
              )}
            </Results>
          </Command>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** The list; where nothing fits, a sentence instead. The list itself counts only commands. */
function Results({ hasFound, isSeeking, children }: { hasFound: boolean; isSeeking: boolean; children: ReactNode }) {
  const isEmpty = useCommandState((state) => state.filtered.count === 0) && !hasFound;
  return (
    <>
      <Command.List hidden={isEmpty}>{children}</Command.List>
      {isEmpty && (
        <p className="palette-empty" role="status">
          {isSeeking ? "Looking…" : "Nothing is called that. Try a customer, an article or a command."}
        </p>
      )}
    </>
  );
}
