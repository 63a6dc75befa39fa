/** What a list can be narrowed to. */

import type { InboxRow } from "../api/types";
import { isProved } from "../parts/words";

export interface Filter {
  id: string;
  name: string;
  holds: (row: InboxRow) => boolean;
}

export const FILTERS: readonly Filter[] = [
  { id: "approval", name: "Waits for approval", holds: (row) => row.approvals.length > 0 },
  { id: "unassigned", name: "Nobody has it", holds: (row) => row.assignee_id === null },
  { id: "open", name: "Open", holds: (row) => row.status === "open" },
  { id: "resolved", name: "Resolved", holds: (row) => row.status === "resolved" },
  { id: "writing", name: "Agent is writing", holds: (row) => row.agent_is_writing },
  { id: "proved", name: "Proved who they are", holds: (row) => isProved(row, Date.now()) },
  { id: "known", name: "Known customers", holds: (row) => row.customer.identity !== "anonymous" },
];

export const filterOf = (id: string | null): Filter | null => FILTERS.find((filter) => filter.id === id) ?? null;
