import { Check, ChevronRight, Hand } from "lucide-react";
import type { HandoffCard } from "../api/types";
import { useNow } from "../parts/now";
import { Time } from "../parts/small";
import { ago, at } from "../parts/words";
import { keysShown } from "../shell/commands";

/** A person is needed now: why, what was said and tried, what is open, and the way to take it. */
export function HandoffNow({
  handoff,
  onTakeOver,
  isBusy,
}: {
  handoff: HandoffCard;
  onTakeOver: () => void;
  isBusy: boolean;
}) {
  const now = useNow();
  const waited = ago(handoff.created_at, now);
  return (
    <section className="ask" aria-label="A person is needed">
      <header>
        <Hand className="i" aria-hidden="true" />A person is needed
        <Time value={handoff.created_at}>{waited === "now" ? "just now" : `waiting ${waited}`}</Time>
      </header>
      <Details handoff={handoff} />
      <footer>
        <button type="button" className="btn primary" onClick={onTakeOver} disabled={isBusy}>
          Take over <kbd aria-hidden="true">{keysShown("t")}</kbd>
        </button>
      </footer>
    </section>
  );
}

/** A hand-off that has been dealt with; it opens to the same details. */
export function HandoffNote({ handoff }: { handoff: HandoffCard }) {
  const now = useNow();
  return (
    <details className="handoff-note">
      <summary>
        <Hand className="i i-14" aria-hidden="true" />
        <span className="trunc" dir="auto" title={handoff.reason}>
          Handed over: {handoff.reason}
        </span>
        <Time value={handoff.created_at}>{at(handoff.created_at, now)}</Time>
        <ChevronRight className="i i-14 tw" aria-hidden="true" />
      </summary>
      <Details handoff={handoff} />
    </details>
  );
}

function Details({ handoff }: { handoff: HandoffCard }) {
  return (
    <div className="ask-in">
      <p className="why" dir="auto">
        {handoff.reason}
      </p>
      {handoff.question && (
        <blockquote dir="auto" aria-label="The open question">
          {handoff.question}
        </blockquote>
      )}
      {handoff.summary && (
        <p className="summary" dir="auto">
          {handoff.summary}
        </p>
      )}
      {handoff.tried.length > 0 && (
        <ul aria-label="What was tried">
          {handoff.tried.map((tried) => (
            <li key={tried} dir="auto">
              <Check className="i good" aria-hidden="true" />
              {tried}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
