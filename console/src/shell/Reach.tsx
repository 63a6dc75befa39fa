import { useEffect, useState } from "react";
import { useLiveState } from "../api/live";

// A stream that stands again at once needs no words.
const SILENT_MS = 600;

/** Says that the server is away, for as long as it is; what is on the screen stays usable. */
export function Reach() {
  const isAway = useLiveState() === "reconnecting";
  const [isSaid, setIsSaid] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setIsSaid(isAway), isAway ? SILENT_MS : 0);
    return () => clearTimeout(timer);
  }, [isAway]);
  return (
    <div role="status" className="reach-place">
      {isSaid && isAway && (
        <p className="reach">
          <span className="dot" aria-hidden="true" />
          <b>Reconnecting…</b>
          <span>What you see may be out of date; what you write is kept.</span>
        </p>
      )}
    </div>
  );
}
