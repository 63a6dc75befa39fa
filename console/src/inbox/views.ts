/** The inbox's views: their names, addresses and who belongs in them. */

import type { InboxRow, View } from "../api/types";

export const VIEWS: readonly { view: View; slug: string; name: string; key: string }[] = [
  { view: "needs_you", slug: "needs-you", name: "Needs you", key: "n" },
  { view: "mine", slug: "mine", name: "Mine", key: "m" },
  { view: "with_ai", slug: "with-ai", name: "With AI", key: "a" },
  { view: "waiting", slug: "waiting", name: "Waiting on customer", key: "w" },
  { view: "all", slug: "all", name: "All conversations", key: "c" },
];

export const viewOf = (slug: string | undefined) => VIEWS.find((view) => view.slug === slug);

/** Whether one conversation stands above another: who needs a person, longest-waiting first; else newest first. */
export function isAbove(row: InboxRow, other: InboxRow, view: View): boolean {
  if (view !== "needs_you") return row.changed_at >= other.changed_at;
  return row.waiting_since === other.waiting_since ? row.id < other.id : row.waiting_since < other.waiting_since;
}

/** Whether a conversation is in a view, for the rep whose id is given. The server says the same of a fresh list. */
export function belongs(row: InboxRow, view: View, repId: string): boolean {
  if (view === "all") return true;
  if (row.status !== "open") return false;
  switch (view) {
    case "needs_you":
      return (
        row.approvals.length > 0 ||
        (row.handled_by === "rep" &&
          row.waiting_on === "rep" &&
          (row.assignee_id === null || row.assignee_id === repId))
      );
    case "mine":
      return row.assignee_id === repId;
    case "with_ai":
      return row.handled_by === "agent" && row.waiting_on === "agent";
    case "waiting":
      return row.waiting_on === "customer";
  }
}
