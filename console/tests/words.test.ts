import { expect, test } from "vitest";
import type { SpanCard } from "../src/api/types";
import { prettyJson } from "../src/parts/json";
import { ago, cost, duration, identityOf, initials, isProved, milliseconds } from "../src/parts/words";
import { axisOf, rulingOf, stepsOf, stepTitle } from "../src/trace/steps";

const NOON = Date.parse("2026-03-03T12:00:00Z");

test.each([
  ["2026-03-03T11:59:30Z", "now"],
  ["2026-03-03T11:49:00Z", "11 min"],
  ["2026-03-03T09:00:00Z", "3 h"],
  ["2025-01-12T12:00:00Z", "12 Jan 2025"],
])("%s is %s ago", (time, words) => {
  expect(ago(time, NOON)).toBe(words);
});

test.each([
  [400, "0.4 ms"],
  [34_000, "34 ms"],
  [2_840_000, "2.84 s"],
  [182_000_000, "3 min 2 s"],
])("%i µs are %s", (us, words) => {
  expect(duration(us)).toBe(words);
});

test("The column of milliseconds stays short", () => {
  expect([20, 400, 18_030, 1_803_000].map(milliseconds)).toEqual(["<0.1", "0.4", "18", "1,803"]);
});

test("A cost is never shown as nothing when it was something", () => {
  expect([0, 90, 9_000, 1_250_000].map(cost)).toEqual(["$0", "<$0.001", "$0.009", "$1.25"]);
});

test("Initials come from any script", () => {
  expect(["Ines Carvalho", "ليلى الهاشمي", "maya@ledgerly.example", "Jo"].map(initials)).toEqual([
    "IC",
    "لا",
    "ME",
    "J",
  ]);
});

test("Short JSON stands on one line, long JSON is broken at its widest level only", () => {
  const text = (value: Parameters<typeof prettyJson>[0]) =>
    prettyJson(value, 30)
      .map((piece) => piece.text)
      .join("");
  expect(text({ a: 1, b: [true, null] })).toBe('{"a": 1, "b": [true, null]}');
  expect(text({ first: { a: 1 }, second: "a rather long text" })).toBe(
    '{\n  "first": {"a": 1},\n  "second": "a rather long text"\n}',
  );
  expect(text(0.8312000155448914)).toBe("0.8312");
  expect(text(12_345.67)).toBe("12345.67");
});

test("The axis of a waterfall has round times and its end", () => {
  expect(axisOf(2_840_000)).toMatchObject({ ticks: [{ label: "1 s" }, { label: "2 s" }], end: "2.8" });
  expect(axisOf(28_400)).toMatchObject({ ticks: [{ label: "10" }, { label: "20" }], end: "28" });
});

const span = (id: string, parent_id: string | null, patch: Partial<SpanCard> = {}) =>
  ({ id, parent_id, kind: "model", name: id, ...patch }) as SpanCard;

test("Steps stand under their parents, and an agent around all of them is not shown", () => {
  const steps = stepsOf([
    span("agent", null, { kind: "agent" }),
    span("a", "agent"),
    span("b", "agent"),
    span("c", "b"),
  ]);
  expect(steps.map((step) => [step.span.id, step.children.map((child) => child.span.id)])).toEqual([
    ["a", []],
    ["b", ["c"]],
  ]);
});

test("A step is called what its span is called, and code stays code", () => {
  expect(stepTitle({ kind: "model", name: "write_answer" })).toBe("Write answer");
  expect(stepTitle({ kind: "action", name: "billing.list_charges" })).toBe("billing.list_charges");
  expect(stepTitle({ kind: "guard", name: "" })).toBe("Verify answer");
});

test("a proof is shown for as long as it holds, and no longer", () => {
  const customer = {
    id: "cus",
    name: null,
    email: null,
    identity: "verified" as const,
    attributes: {},
    created_at: "",
  };
  const row = { customer, proved_until: "2026-03-03T12:00:30Z" };
  expect([isProved(row, NOON), identityOf(row, NOON)]).toEqual([true, "proved who they are"]);
  const later = NOON + 60_000;
  expect([isProved(row, later), identityOf(row, later)]).toEqual([false, "told us who they are"]);
});

const clause = (effect: string, holds: boolean) => ({ clause_id: "R-1", effect, holds });

test.each([
  ["passes", {}, [clause("allows", true), clause("forbids", false)]],
  ["needs_a_person", {}, [clause("allows", true), clause("needs_approval", true)]],
  ["refuses", {}, [clause("allows", true), clause("forbids", true)]],
  ["refuses", {}, [clause("allows", false), clause("needs_approval", true)]],
  ["passes", { needs: "verified" }, { identity: "stepped_up" }],
  ["refuses", { needs: "stepped_up" }, { identity: "verified" }],
])("a look into the policy is shown as one that %s", (ruling, input, output) => {
  expect(rulingOf({ input, output })).toBe(ruling);
});
