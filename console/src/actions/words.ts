/** Actions in the words that reps read: states, amounts, and how much time is left. */

import type { ActionRow, CallState, ClauseCheck, MoneyCard, Role } from "../api/types";
import { plural, ROLE_NAMES } from "../parts/words";

export const STATES: Record<CallState, { name: string; tone: "" | "good" | "warn" | "bad"; means: string }> = {
  refused: { name: "Refused", tone: "", means: "A rule forbade it. Nothing was sent." },
  awaiting_customer: { name: "Waits for a yes", tone: "", means: "The customer was asked whether they want it." },
  awaiting_approval: { name: "Waits for approval", tone: "warn", means: "A person must decide." },
  declined: { name: "Declined", tone: "", means: "The customer or a colleague said no. Nothing was sent." },
  expired: { name: "Expired", tone: "", means: "Nobody decided in time. Nothing was sent." },
  ready: { name: "Ready", tone: "", means: "It may be sent, and is about to be." },
  sent: { name: "Being done", tone: "", means: "The outside system is being asked." },
  unknown: { name: "Not known yet", tone: "warn", means: "It was sent, and what came of it is being looked up." },
  done: { name: "Done", tone: "good", means: "It happened, and there is a receipt." },
  failed: { name: "Failed", tone: "bad", means: "It surely did not happen." },
  undone: { name: "Taken back", tone: "", means: "It happened, and was taken back." },
};

export const EFFECTS = {
  reads: "Looks something up",
  writes: "Changes something",
  moves_money: "Moves money",
} as const;

export const OUTCOMES: Record<ClauseCheck["outcome"], string> = {
  allows: "allows it",
  forbids: "forbids it",
  needs_a_person: "wants a person",
  does_not_apply: "does not apply",
};

export function money({ amount, currency }: MoneyCard): string {
  return new Intl.NumberFormat("en", { style: "currency", currency }).format(Number(amount));
}

/** How many digits a currency's smaller parts have. */
function digitsOf(currency: string): number {
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    // No currency: the server says so.
    return 2;
  }
}

/** An amount as it is written everywhere; null for what is none, or, like `1,000` euros, could be two. */
export function amountIn(text: string, currency: string): string | null {
  const [, whole, part = ""] = /^(\d{1,12})(?:[.,](\d+))?$/.exec(text.trim()) ?? [];
  const digits = digitsOf(currency);
  if (whole === undefined || part.length > digits) return null;
  return digits > 0 ? `${whole}.${part.padEnd(digits, "0")}` : whole;
}

/** Why an amount cannot be approved instead of what was asked for, in a sentence; null if it can. */
export function whyNotLess(text: string, asked: MoneyCard): string | null {
  const { currency } = asked;
  const digits = digitsOf(currency);
  const part = /^\d+[.,](\d+)$/.exec(text.trim())?.[1] ?? "";
  if (part.length > digits) {
    return `${currency} has ${digits === 0 ? "no decimals" : plural(digits, "decimal")}: write it like ${asked.amount}.`;
  }
  const amount = amountIn(text, currency);
  if (amount === null) return `Only digits and one point, without a sign or a currency: write it like ${asked.amount}.`;
  if (Number(amount) === 0) return "It must be more than nothing. To give nothing, cancel and decline.";
  if (Number(amount) > Number(asked.amount)) return `That is more than was asked for: less than ${money(asked)}.`;
  return Number(amount) < Number(asked.amount) ? null : `Less than ${money(asked)}: that is all of it.`;
}

/** Why a call is in its state, for reps. A receipt is written for the customer: it is quoted, and not said. */
export const reasonOf = ({ reason, receipt }: Pick<ActionRow, "reason" | "receipt">): string =>
  receipt && reason === receipt.summary ? `Receipt: “${reason}”` : reason;

/** What is asked for, short enough for a chip: `Refund charge €84.00`. */
export const inShort = ({ title, money: moves }: Pick<ActionRow, "title" | "money">): string =>
  moves ? `${title} ${money(moves)}` : title;

/** One person of a role, such as `an admin`. */
export const oneOf = (role: Role): string => `${role === "admin" ? "an" : "a"} ${ROLE_NAMES[role].toLowerCase()}`;

type Asked = NonNullable<ActionRow["approval"]>;

/** Who approved it, by name. */
export const approvers = ({ approved_by }: Asked): string => approved_by.map(({ name }) => name).join(", ");

/** Who declined it; without a person the program did. */
export const decliner = ({ decided_by }: Asked): string => decided_by?.name ?? "Answerable";

/** What people made of it: who approved or declined it; and why it came to nothing although they approved. */
export function decisionOf({ approval, state, reason }: Pick<ActionRow, "approval" | "state" | "reason">): string {
  if (!approval || approval.state === "open") return "";
  if (approval.state === "expired") return "Nobody decided in time";
  const approved = `${approvers(approval)} approved`;
  if (approval.state === "refused") return `${approved}, and a rule forbade it by then: ${reason}`;
  const who = approval.state === "approved" ? approved : `${decliner(approval)} declined`;
  const said = approval.reason ? `${who}: ${approval.reason}` : who;
  if (approval.state !== "approved" || (state !== "refused" && state !== "failed")) return said;
  // Somebody's reason ends as they ended it.
  const then = state === "refused" ? "it was refused before it was sent" : "it could not be done";
  return `${said.replace(/[.\s]+$/, "")}; then ${then}: ${reason}`;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How much time is left, rounded down: who decides must not count on more. */
export function timeLeft(until: string, now: number): string {
  const left = new Date(until).getTime() - now;
  if (left <= 0) return "time is over";
  if (left < MINUTE) return "under a minute left";
  if (left < HOUR) return `${Math.floor(left / MINUTE)} min left`;
  if (left < 48 * HOUR) return `${Math.floor(left / HOUR)} h left`;
  return `${Math.floor(left / (24 * HOUR))} days left`;
}

export const isOver = (until: string, now: number): boolean => new Date(until).getTime() <= now;
