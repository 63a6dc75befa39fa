import { Dialog } from "@base-ui/react/dialog";
import { Undo2, X } from "lucide-react";
import { useRef, useState } from "react";
import { useMe } from "../api/me";
import { useUndo } from "../api/queries";
import { type ActionRow, mayActAs } from "../api/types";
import { useNow } from "../parts/now";
import { customerName } from "../parts/words";
import { notify } from "../shell/notices";
import { FaultHere, useFaultHere, useFocusBack } from "./faults";
import { inShort, isOver, timeLeft } from "./words";

/** Takes back what was done, as long as it can be, by whoever may; asks once more before it does. */
export function Undo({ call, isSmall = false }: { call: ActionRow; isSmall?: boolean }) {
  const me = useMe();
  const now = useNow();
  const [isAsking, setIsAsking] = useState(false);
  const trigger = useRef<HTMLButtonElement>(null);
  // Where whoever took it back goes on: the button goes away.
  const home = useRef<HTMLElement | null>(null);
  if (!call.undo_until || !mayActAs(me, call.undo_role)) return null;
  // Whoever is being asked hears from the server that the time is over.
  if (isOver(call.undo_until, now) && !isAsking) return null;
  const finish = () => {
    home.current = trigger.current?.closest("tr, .phead")?.querySelector("a") ?? null;
    setIsAsking(false);
  };
  return (
    <Dialog.Root open={isAsking} onOpenChange={setIsAsking}>
      <Dialog.Trigger ref={trigger} className={isSmall ? "btn sm" : "btn"} title={timeLeft(call.undo_until, now)}>
        <Undo2 className="i i-14" aria-hidden="true" />
        Take back<span className="sr"> {whatOf(call)}</span>
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog form-dialog" finalFocus={() => home.current ?? true}>
          <header>
            <Dialog.Title>Take it back?</Dialog.Title>
            <Dialog.Close className="btn ghost icon end" aria-label="Close">
              <X className="i" aria-hidden="true" />
            </Dialog.Close>
          </header>
          <Question call={call} timeLeft={timeLeft(call.undo_until, now)} onDone={finish} />
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

const whatOf = (call: ActionRow): string => `${inShort(call)} for ${customerName(call.customer)}`;

function Question({ call, timeLeft, onDone }: { call: ActionRow; timeLeft: string; onDone: () => void }) {
  const { fault, setFault, tell } = useFaultHere();
  const box = useRef<HTMLDivElement>(null);
  // A second click may come before the first one has changed anything here: it asks for the same.
  const isAskedFor = useRef(false);
  const undo = useUndo({
    onDone: () => {
      onDone();
      notify(`${inShort(call)} is taken back.`);
    },
    onFault: (error) => {
      isAskedFor.current = false;
      tell(error);
    },
  });
  useFocusBack(undo.isPending, box, ".primary");
  return (
    <div className="form-in" ref={box}>
      <p dir="auto">{whatOf(call)}.</p>
      <p className="dim">
        It is undone where it was done{call.requested_by.kind === "agent" && ", and the customer is told"}. This can be
        done for a while only: {timeLeft}.
      </p>
      <FaultHere fault={fault} />
      <p className="row">
        <button
          type="button"
          className="btn primary"
          disabled={undo.isPending}
          onClick={() => {
            if (isAskedFor.current) return;
            isAskedFor.current = true;
            setFault(null);
            undo.mutate(call.id);
          }}
        >
          Take it back
        </button>
        <Dialog.Close className="btn ghost">Leave it</Dialog.Close>
      </p>
    </div>
  );
}
