/** Screens whose scripts come when they are first wanted, or before that, when the browser has nothing else to do. */

import { type QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { Menu as MenuIcon } from "lucide-react";
import { type ComponentType, type ReactNode, useEffect } from "react";
import { useLiveState } from "../api/live";
import { Failed } from "../parts/small";
import { useIsNarrow } from "./media";
import { notify } from "./notices";
import { openMenu, show } from "./overlays";

type Load = () => Promise<{ default: ComponentType }>;

const LOADS: Record<"approvals" | "actions" | "knowledge" | "people" | "palette" | "keys" | "act" | "asked", Load> = {
  approvals: () => import("../actions/Approvals"),
  actions: () => import("../actions/Actions"),
  knowledge: () => import("../knowledge/Knowledge"),
  people: () => import("../people/People"),
  palette: () => import("./Palette"),
  keys: () => import("./KeysDialog"),
  act: () => import("../actions/Act"),
  asked: () => import("../actions/Asked"),
};
type Name = keyof typeof LOADS;

const UNREACHED = "This part of the console could not be loaded. It is tried again when Answerable can be reached.";
const TITLES = { approvals: "Approvals", actions: "Actions", knowledge: "Knowledge", people: "People" };

const scriptQuery = (name: Name) =>
  queryOptions({
    queryKey: ["script", name],
    queryFn: async () => (await LOADS[name]()).default,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: Number.POSITIVE_INFINITY,
    retry: false,
  });

/** Gets all of them ready, so that an outage later on does not keep a rep from a screen. */
export function prepareScreens(client: QueryClient): () => void {
  const prepare = () => {
    for (const name of Object.keys(LOADS) as Name[]) void client.prefetchQuery(scriptQuery(name));
  };
  // Safari has no idle callbacks.
  const timer = setTimeout(() => ("requestIdleCallback" in window ? requestIdleCallback(prepare) : prepare()), 2000);
  return () => clearTimeout(timer);
}

/** A part of a screen. Without its script it says so, and tries again. */
export function LaterPart({ name, waiting }: { name: "act" | "asked"; waiting?: ReactNode }): ReactNode {
  const { data: Part, error, refetch } = useQuery(scriptQuery(name));
  if (Part) return <Part />;
  return error ? <Failed error={error} what="part" sentence={UNREACHED} onRetry={() => void refetch()} /> : waiting;
}

/** A whole screen. Without its script it says so, and tries again. */
export function LaterScreen({ name }: { name: keyof typeof TITLES }): ReactNode {
  const { data: Screen, error, refetch } = useQuery(scriptQuery(name));
  const isLive = useLiveState() === "live";
  const tryAgain = async () => {
    const again = await refetch();
    // The server is there, and the script is not: this page is of an older console than the server's.
    if (again.isError && isLive) location.reload();
  };
  const isNarrow = useIsNarrow();
  if (Screen) return <Screen />;
  return (
    <div className="page">
      <div className="in">
        <div className="phead">
          {isNarrow && (
            <button type="button" className="btn ghost icon" aria-label="Menu" onClick={openMenu}>
              <MenuIcon className="i" aria-hidden="true" />
            </button>
          )}
          <h1>{TITLES[name]}</h1>
        </div>
        {error && <Failed error={error} sentence={UNREACHED} what="screen" onRetry={() => void tryAgain()} />}
      </div>
    </div>
  );
}

/** A dialog over the screen. Without its script it says so, and the screen stays. */
export function LaterOverlay({ name }: { name: "palette" | "keys" }): ReactNode {
  const { data: Overlay, error, isFetching } = useQuery(scriptQuery(name));
  const hasFailed = error !== null && !isFetching;
  useEffect(() => {
    if (!hasFailed) return;
    notify("This could not be loaded. Answerable cannot be reached; try again in a moment.", "bad");
    show(null);
  }, [hasFailed]);
  return Overlay ? <Overlay /> : null;
}
