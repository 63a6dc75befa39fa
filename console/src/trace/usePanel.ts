import { useMemo } from "react";
import { useSearchParams } from "wouter";

export type PanelTab = "trace" | "sources" | "customer" | "history" | "act";

export interface TracePanel {
  tab: PanelTab;
  /** The run that was chosen; without one the newest is shown. */
  runId: string | null;
  /** Whether the overlay of a narrower screen is open. */
  isOpen: boolean;
  open: (tab: PanelTab, runId?: string) => void;
  close: () => void;
}

const TABS: readonly string[] = ["trace", "sources", "customer", "history", "act"];

/** Which tab and which run the panel beside the conversation shows; it is part of the address. */
export function useTracePanel(): TracePanel {
  const [search, setSearch] = useSearchParams();
  const asked = search.get("panel");
  const runId = search.get("run");
  return useMemo(() => {
    const change = (set: Record<string, string | null>) =>
      setSearch(
        (before) => {
          const after = new URLSearchParams(before);
          for (const [name, value] of Object.entries(set)) {
            if (value === null) after.delete(name);
            else after.set(name, value);
          }
          return after;
        },
        { replace: true },
      );
    return {
      tab: (asked && TABS.includes(asked) ? asked : "trace") as PanelTab,
      runId,
      isOpen: asked !== null,
      open: (tab, run) => change(run ? { panel: tab, run } : { panel: tab }),
      close: () => change({ panel: null }),
    };
  }, [asked, runId, setSearch]);
}
