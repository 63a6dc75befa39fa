/** What goes to the server when a rep asks for an action; apart from the rest, since few screens need it. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { call } from "../api/client";
import { forgetCalls, type Told } from "../api/queries";
import type { ActionDetail, Json, TriedAction } from "../api/types";

/** Something that a rep wants to be done. */
export interface Wish {
  action: string;
  arguments: Record<string, Json>;
  key: string;
}

/** What would become of a wish; nothing is kept or done. */
export function useTry(conversationId: string, { onDone, onFault }: Told<TriedAction>) {
  return useMutation({
    mutationFn: ({ key: _, ...body }: Wish) =>
      call<TriedAction>(`/conversations/${conversationId}/actions/try`, { method: "POST", body }),
    onSuccess: onDone,
    onError: onFault,
  });
}

export function useAct(conversationId: string, { onDone, onFault }: Told<ActionDetail>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ key, ...body }: Wish) =>
      call<ActionDetail>(`/conversations/${conversationId}/actions`, { method: "POST", body, idempotencyKey: key }),
    onSuccess: onDone,
    onError: onFault,
    onSettled: () => forgetCalls(client),
  });
}
