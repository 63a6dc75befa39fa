import { Dialog } from "@base-ui/react/dialog";
import { Undo2, X } from "lucide-react";
import { useState } from "react";
import { useMe } from "../api/me";
import { useUndo } from "../api/queries";
import { type ActionRow, mayActAs } from "../api/types";
import { useNow } from "../parts/now";
import { customerName } from "../parts/words";
import { notify, notifyProblem } from "../shell/notices";
import { inShort, isOver, timeLeft } from "./words";

/** Takes back what was done, as long as it can be, by whoever may; asks once more before it does. */
export function Undo({ call, isSmall = false }: { call: ActionRow; isSmall?: boolean }) {
  const me = useMe();
  const now = useNow();
  const [isAsking, setIsAsking] = useState(false);
  const undo = useUndo({
    onDone: () => {
      setIsAsking(false);
      notify(`${inShort(call)} is taken back.`);
    },
    onFault: notifyProblem,
  });
  if (!call.undo_until || isOver(call.undo_until, now) || !mayActAs(me, call.undo_role)) return null;
  const what = `${inShort(call)} for ${customerName(call.customer)}`;
  return (
    <Dialog.Root open={isAsking} onOpenChange={setIsAsking}>
      <Dialog.Trigger className={isSmall ? "btn sm" : "btn"} title={timeLeft(call.undo_until, now)}>
        <Undo2 className="i i-14" aria-hidden="true" />
        Take back<span className="sr"> {what}</span>
      </Dialog.Trigger>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog form-dialog">
          <header>
            <Dialog.Title>Take it back?</Dialog.Title>
            <Dialog.Close className="btn ghost icon end" aria-label="Close">
              <X className="i" aria-hidden="true" />
            </Dialog.Close>
          </header>
          <div className="form-in">
            <p dir="auto">{what}.</p>
            <p className="dim">
              It is undone where it was done{call.requested_by.kind === "agent" && ", and the customer is told"}. This
              can be done for a while only: {timeLeft(call.undo_until, now)}.
            </p>
            <p className="row">
              <button
                type="button"
                className="btn primary"
                disabled={undo.isPending}
                onClick={() => undo.mutate(call.id)}
              >
                Take it back
              </button>
              <Dialog.Close className="btn ghost">Leave it</Dialog.Close>
            </p>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
