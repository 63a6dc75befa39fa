/** What keeps a screen empty: told after the first attempt that failed, while it is tried again and again. */

import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { Problem } from "./client";

const WAIT_MS_FIRST = 500;
// Whoever looks at the screen sees it filled soon after the server is back.
const WAIT_MS_MAX = 4000;

/** Whether to try again: for as long as that may help, so that a screen fills by itself. */
export const shouldRetry = (_: number, error: Error): boolean => error instanceof Problem && error.mayHelpToRetry;
export const retryDelay = (failures: number): number => Math.min(WAIT_MS_MAX, WAIT_MS_FIRST * 2 ** failures);

interface Asked {
  data: unknown;
  error: Error | null;
  /** Of the attempt before; the next one is under way, or soon will be. */
  failureReason: Error | null;
  /** Whether what is shown belongs to what was asked for before. */
  isPlaceholderData: boolean;
}

/** Why there is nothing to show, or null; and a way to try at once. */
export function useFault({ data, error, failureReason, isPlaceholderData }: Asked, queryKey: QueryKey) {
  const client = useQueryClient();
  const fault = data === undefined || isPlaceholderData ? (error ?? failureReason) : null;
  const again = async () => {
    // An attempt that waits for its turn is given up for one that begins now.
    await client.cancelQueries({ queryKey, exact: true });
    await client.refetchQueries({ queryKey, exact: true });
  };
  return { fault, again: () => void again() };
}
