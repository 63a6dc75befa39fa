import { expect, test } from "vitest";
import { decisionOf } from "../src/actions/words";
import type { ActionRow } from "../src/api/types";

const leo = { kind: "rep" as const, id: "rep_leo", name: "Leo Lead" };
const approval = (reason: string | null): ActionRow["approval"] => ({
  id: "apr_1",
  state: "approved",
  clause_id: "R-12",
  role: "lead",
  needed: 1,
  approved_by: [leo],
  decided_by: leo,
  reason,
  asked_at: "2026-11-23T12:00:00Z",
  expires_at: "2026-11-24T12:00:00Z",
  decided_at: "2026-11-23T12:05:00Z",
});
const R_18 = "R-18 Parts: No more than is left of it is given back.";

test("What people approved and a rule refused afterwards says both, and why", () => {
  const of = (state: ActionRow["state"], reason: string, why: string | null = null) =>
    decisionOf({ approval: approval(why), state, reason });

  expect(of("refused", R_18)).toBe(`Leo Lead approved; then it was refused before it was sent: ${R_18}`);
  expect(of("failed", "The bank says no.", "A part was used.")).toBe(
    "Leo Lead approved: A part was used; then it could not be done: The bank says no.",
  );
  expect(of("done", "84.00 EUR are on their way.")).toBe("Leo Lead approved");
});
