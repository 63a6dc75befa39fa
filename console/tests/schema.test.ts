import { expect, test } from "vitest";
import { argumentsOf, fieldsOf, isWhole, mistakeIn } from "../src/actions/schema";

const AMOUNT = { type: "object", properties: { amount: { type: "string" }, currency: { type: "string" } } };
const PARAMETERS = {
  type: "object",
  properties: {
    charge_id: { type: "string", description: "As find_charges gives it.", pattern: "^ch_" },
    amount: { $ref: "#/$defs/Amount" },
    way: { enum: ["at_period_end", "withdraw"] },
    invoice: { anyOf: [{ type: "string" }, { type: "null" }], default: null },
    seats: { type: "integer" },
    is_urgent: { type: "boolean" },
    address: { $ref: "#/$defs/Address" },
    tags: { type: "array", items: { type: "string" } },
  },
  $defs: { Amount: AMOUNT, Address: { type: "object", properties: { city: { type: "string" } } } },
};

test("each argument has a field of its kind, and the ones within a record stand beside the others", () => {
  const found = fieldsOf(PARAMETERS).map(({ path, kind, isOptional }) => [path.join("."), kind, isOptional]);
  expect(found).toEqual([
    ["charge_id", "text", false],
    ["amount", "amount", false],
    ["way", "choice", false],
    ["invoice", "text", true],
    ["seats", "whole", false],
    ["is_urgent", "yes_no", false],
    ["address.city", "text", false],
    ["tags", "json", false],
  ]);
  expect(fieldsOf(PARAMETERS)[0]).toMatchObject({ name: "Charge id", hint: "As find_charges gives it." });
  expect(fieldsOf({ type: "object", properties: {} })).toEqual([]);
});

test("what was typed becomes arguments of their types, and what may be left out is null", () => {
  const fields = fieldsOf(PARAMETERS);
  const draft = {
    charge_id: " ch_1 ",
    amount: "84",
    "amount:currency": "EUR",
    way: "withdraw",
    seats: "3",
    is_urgent: "false",
    "address.city": "Lisboa",
    tags: '["a"]',
  };
  expect(isWhole(fields, draft)).toBe(true);
  expect(isWhole(fields, { ...draft, way: "" })).toBe(false);
  expect(argumentsOf(fields, draft)).toEqual({
    charge_id: "ch_1",
    amount: { amount: "84.00", currency: "EUR" },
    way: "withdraw",
    invoice: null,
    seats: 3,
    is_urgent: false,
    address: { city: "Lisboa" },
    tags: ["a"],
  });
});

test.each([
  ["84", "EUR", "84.00"],
  ["84,5", "EUR", "84.50"],
  ["84", "JPY", "84"],
  ["1,000", "KWD", "1.000"],
  ["84", "nonsense", "84.00"],
])("%s %s is sent as %s", (typed, currency, amount) => {
  const fields = fieldsOf({ type: "object", properties: { amount: AMOUNT } });
  const draft = { amount: typed, "amount:currency": currency };
  expect(fields.map((field) => mistakeIn(field, draft))).toEqual([null]);
  expect(argumentsOf(fields, draft)).toMatchObject({ amount: { amount } });
});

test.each([
  ["amount", "much", "Amount: “much” is no amount. Write it like 1084.00."],
  ["amount", "1,000", "Amount: “1,000” is no amount. Write it like 1084.00."],
  ["amount", "84.005", "Amount: “84.005” is no amount. Write it like 1084.00."],
  ["amount", "-5", "Amount: “-5” is no amount. Write it like 1084.00."],
  ["seats", "2.5", "Seats: “2.5” is no whole number."],
  ["charge_id", "84", "Charge id: “84” is not what is wanted here. As find_charges gives it."],
  ["tags", "[", "Tags holds no valid JSON."],
])("in the field %s, %s is a mistake in words", (name, typed, says) => {
  const field = fieldsOf(PARAMETERS).find(({ path }) => path.join(".") === name);
  expect(field && mistakeIn(field, { [name]: typed, "amount:currency": "EUR" })).toBe(says);
});
