import { useSyncExternalStore } from "react";

function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const media = matchMedia(query);
      media.addEventListener("change", listener);
      return () => media.removeEventListener("change", listener);
    },
    () => matchMedia(query).matches,
  );
}

/** Wide enough for the trace beside the conversation. */
export const useHasTraceColumn = () => useMedia("(min-width: 1360px)");
/** Too narrow for two columns: one at a time. */
export const useIsNarrow = () => useMedia("(max-width: 899.98px)");
