/** Times, durations, amounts and names in the words that reps read. */

import type { CustomerCard, DecisionKind, InboxRow } from "../api/types";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const weekday = new Intl.DateTimeFormat("en", { weekday: "short" });
const dayMonth = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const dayMonthYear = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const whole = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "medium" });
const count = new Intl.NumberFormat("en");

export const number = (value: number) => count.format(value);
export const plural = (value: number, one: string, many = `${one}s`) => `${number(value)} ${value === 1 ? one : many}`;

/** How long ago, short enough for a list: `now`, `11 min`, `3 h`, `Tue`, `12 Mar`. */
export function ago(time: string, now: number): string {
  const at = new Date(time);
  const passed = now - at.getTime();
  if (passed < MINUTE) return "now";
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h`;
  if (passed < 7 * DAY) return weekday.format(at);
  return passed < 300 * DAY ? dayMonth.format(at) : dayMonthYear.format(at);
}

/** When, in a thread: `10:41` today, otherwise with the day. */
export function at(time: string, now: number): string {
  const when = new Date(time);
  const hour = clock.format(when);
  if (when.toDateString() === new Date(now).toDateString()) return hour;
  return `${(now - when.getTime() < 300 * DAY ? dayMonth : dayMonthYear).format(when)}, ${hour}`;
}

export const day = (time: string) => dayMonthYear.format(new Date(time));
export const moment = (time: string) => whole.format(new Date(time));

/** Which stretch of time a list groups it under. */
export function dayGroup(time: string, now: number): string {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  const then = new Date(time).getTime();
  if (then >= midnight) return "Today";
  if (then >= midnight - DAY) return "Yesterday";
  if (then >= midnight - 6 * DAY) return "Earlier this week";
  return then >= midnight - 30 * DAY ? "This past month" : "Older";
}

/** A duration with its unit: `0.4 ms`, `34 ms`, `2.84 s`, `3 min 2 s`. */
export function duration(us: number): string {
  if (us < 9_950) return `${trim((us / 1000).toFixed(1))} ms`;
  if (us < 999_500) return `${Math.round(us / 1000)} ms`;
  if (us < 9_995_000) return `${(us / 1e6).toFixed(2)} s`;
  if (us < 60e6) return `${(us / 1e6).toFixed(1)} s`;
  return `${Math.floor(us / 60e6)} min ${Math.round((us % 60e6) / 1e6)} s`;
}

/** Milliseconds without a unit, for a column that says it. */
export function milliseconds(us: number): string {
  if (us < 50) return us > 0 ? "<0.1" : "0";
  return us < 9_950 ? (us / 1000).toFixed(1) : number(Math.round(us / 1000));
}

/** A cost in US dollars. */
export function cost(micros: number): string {
  if (micros === 0) return "$0";
  const dollars = micros / 1e6;
  if (dollars >= 0.995) return `$${dollars.toFixed(2)}`;
  return dollars < 0.0005 ? "<$0.001" : `$${dollars.toFixed(3)}`;
}

export const customerName = (customer: CustomerCard) => customer.name ?? customer.email ?? "Visitor";
export const firstName = (name: string) => name.split(/\s/, 1)[0] ?? name;

export function initials(name: string): string {
  const words = name.split(/[\s@._-]+/u).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters
    .map((word) => [...(word ?? "?")][0])
    .join("")
    .toUpperCase();
}

/** A steady hue from 0 to 359 for whoever has this id. */
export function hue(id: string): number {
  let sum = 7;
  for (const char of id) sum = (sum * 31 + char.charCodeAt(0)) % 9973;
  return sum % 360;
}

export const DECISIONS: Record<DecisionKind, string> = {
  answer: "Answered",
  ask: "Asked back",
  act: "Acted",
  hand_off: "Handed over",
  refuse: "Refused",
};

export const IDENTITIES = {
  anonymous: "not signed in",
  known: "told us who they are",
  verified: "proved who they are",
  stepped_up: "signed in and proved again",
} as const;

/** Whether a customer has proved, in a conversation and as of now, who they are: a proof ends while a screen is open. */
export const isProved = (row: Pick<InboxRow, "proved_until">, now: number): boolean =>
  row.proved_until !== null && new Date(row.proved_until).getTime() > now;

/** What a customer has proved, in words; one whose proof has ended has only told us. */
export const identityOf = (row: Pick<InboxRow, "customer" | "proved_until">, now: number): string =>
  IDENTITIES[row.proved_until === null || isProved(row, now) ? row.customer.identity : "known"];

export const SURFACES = { chat: "Chat", email: "E-mail", voice: "Voice", product: "In product" } as const;
export const ROLE_NAMES = { rep: "Rep", builder: "Builder", lead: "Lead", admin: "Admin" } as const;

const trim = (digits: string) => digits.replace(/\.0$/, "");

const languages = new Intl.DisplayNames("en", { type: "language", fallback: "code" });

/** A language by its English name. */
export function language(code: string): string {
  try {
    return languages.of(code) ?? code;
  } catch {
    return code;
  }
}
