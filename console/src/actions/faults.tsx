/** A failure stays where it was tried until it is tried again, and whoever tried it keeps their place. */

import { CircleAlert } from "lucide-react";
import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { notifyProblem, sentenceOf } from "../shell/notices";

/** What went wrong here; whoever has left the place by then is told in a notice. */
export function useFaultHere() {
  const [fault, setFault] = useState<string | null>(null);
  const isHere = useRef(false);
  useEffect(() => {
    isHere.current = true;
    return () => {
      isHere.current = false;
    };
  }, []);
  const tell = useCallback((error: Error) => {
    if (isHere.current) setFault(sentenceOf(error));
    else notifyProblem(error);
  }, []);
  return { fault, setFault, tell };
}

export function FaultHere({ fault }: { fault: string | null }) {
  if (!fault) return null;
  return (
    <p className="card-fault" role="alert" dir="auto">
      <CircleAlert className="i" aria-hidden="true" />
      {fault}
    </p>
  );
}

/** Browsers take the focus off a button that rests while its request runs: afterwards it goes to the best place left. */
export function useFocusBack(isBusy: boolean, box: RefObject<HTMLElement | null>, selector: string): void {
  const wasBusy = useRef(false);
  useEffect(() => {
    if (wasBusy.current && !isBusy && document.activeElement === document.body) {
      box.current?.querySelector<HTMLElement>(selector)?.focus();
    }
    wasBusy.current = isBusy;
  }, [isBusy, box, selector]);
}
