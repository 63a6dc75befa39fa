import { createContext, useContext } from "react";
import type { Me } from "./types";

/** Who is signed in, for the screens behind the sign-in. It stays while they are taken down after a sign-out. */
export const MeContext = createContext<Me | null>(null);

export function useMe(): Me {
  const me = useContext(MeContext);
  if (!me) throw new Error("This screen is shown only to somebody who is signed in.");
  return me;
}
