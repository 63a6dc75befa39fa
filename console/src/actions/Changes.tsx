import { MessageSquareLock, TrendingDown } from "lucide-react";
import type { ActionRow, AmountChange } from "../api/types";
import { useNow } from "../parts/now";
import { Time } from "../parts/small";
import { at } from "../parts/words";
import { money } from "./words";

/** What people made of it when they decided: from how much to how much, by whom and why; and what they told each other. */
export function Changes({ call: { changes, notes } }: { call: ActionRow }) {
  const now = useNow();
  if (changes.length === 0 && notes.length === 0) return null;
  return (
    <ul className="changes" aria-label="What people changed and noted">
      {changes.map((change) => (
        <li key={`${change.at}-change`}>
          <TrendingDown className="i" aria-hidden="true" />
          <span>
            <b dir="auto">{change.by.name}</b> approved {money(change.after)} of {money(change.before)}
            {change.reason ? (
              <>
                : <q dir="auto">{change.reason}</q>
              </>
            ) : (
              ", without a reason"
            )}{" "}
            <Time value={change.at}>{at(change.at, now)}</Time>
          </span>
        </li>
      ))}
      {notes.map((note) => (
        <li key={`${note.at}-note`}>
          <MessageSquareLock className="i" aria-hidden="true" />
          <span>
            <b dir="auto">{note.by.name}</b> to colleagues: <q dir="auto">{note.text}</q>{" "}
            <Time value={note.at}>{at(note.at, now)}</Time>
          </span>
        </li>
      ))}
    </ul>
  );
}

/** How much was asked for, where people made it less. */
export function AskedFor({ changes }: { changes: AmountChange[] }) {
  const [first] = changes;
  if (!first) return null;
  return (
    <s className="num">
      <span className="sr">asked for: </span>
      {money(first.before)}
    </s>
  );
}
