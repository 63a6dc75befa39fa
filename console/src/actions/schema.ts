/** A declared action's arguments as fields of a form, and what was typed into them as arguments. */

import type { Json } from "../api/types";
import { amountIn } from "./words";

export interface Field {
  /** Where it stands in the arguments. */
  path: string[];
  name: string;
  hint: string;
  kind: "text" | "number" | "whole" | "choice" | "yes_no" | "amount" | "json";
  options: string[];
  isOptional: boolean;
  pattern: string | undefined;
}

/** What was typed, by the field's key. */
export type Draft = Record<string, string>;

type Schema = { [name: string]: Json };

export const keyOf = ({ path }: Pick<Field, "path">): string => path.join(".");
export const currencyKeyOf = (field: Pick<Field, "path">): string => `${keyOf(field)}:currency`;

const titleOf = (name: string): string => {
  const words = name.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
};
const isSchema = (value: Json | undefined): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The fields of a form for arguments of that JSON Schema; what has no field of its own is written as JSON. */
export function fieldsOf(parameters: Json): Field[] {
  const root = isSchema(parameters) ? parameters : {};
  const parts = isSchema(root.$defs) ? root.$defs : {};
  const resolved = (schema: Schema): Schema => {
    const reference = typeof schema.$ref === "string" ? schema.$ref.split("/").at(-1) : undefined;
    const part = reference === undefined ? undefined : parts[reference];
    return isSchema(part) ? { ...part, ...schema } : schema;
  };

  const fieldsIn = (schema: Schema, path: string[], isOptional: boolean): Field[] => {
    const properties = isSchema(schema.properties) ? schema.properties : {};
    return Object.entries(properties).flatMap(([name, property]) =>
      fieldFor(isSchema(property) ? property : {}, [...path, name], isOptional),
    );
  };

  const fieldFor = (given: Schema, path: string[], wasOptional: boolean): Field[] => {
    let schema = resolved(given);
    let isOptional = wasOptional || "default" in schema;
    const ways = Array.isArray(schema.anyOf) ? schema.anyOf.filter(isSchema) : [];
    const real = ways.filter(({ type }) => type !== "null");
    if (real.length < ways.length) isOptional = true;
    const [only] = real;
    if (only && real.length === 1) schema = { ...schema, ...resolved(only) };
    const { kind, options } = kindOf(schema);
    if (kind === "object") return fieldsIn(schema, path, isOptional);
    const hint = typeof schema.description === "string" && kind !== "amount" ? schema.description : "";
    const pattern = typeof schema.pattern === "string" ? schema.pattern : undefined;
    return [{ path, name: titleOf(path.at(-1) ?? ""), hint, kind, options, isOptional, pattern }];
  };

  return fieldsIn(root, [], false);
}

function kindOf(schema: Schema): { kind: Field["kind"] | "object"; options: string[] } {
  if (Array.isArray(schema.enum) && schema.enum.every((each) => typeof each === "string")) {
    return { kind: "choice", options: schema.enum as string[] };
  }
  if (schema.type === "string") return { kind: "text", options: [] };
  if (schema.type === "integer") return { kind: "whole", options: [] };
  if (schema.type === "number") return { kind: "number", options: [] };
  if (schema.type === "boolean") return { kind: "yes_no", options: ["true", "false"] };
  if (schema.type === "object" && isSchema(schema.properties)) {
    const names = Object.keys(schema.properties).sort().join();
    return { kind: names === "amount,currency" ? "amount" : "object", options: [] };
  }
  return { kind: "json", options: [] };
}

/** Whether all that must be said is said. */
export const isWhole = (fields: Field[], draft: Draft): boolean =>
  fields.every((field) => field.isOptional || (draft[keyOf(field)] ?? "").trim() !== "");

const NUMBERS = { number: /^-?\d+(\.\d+)?$/, whole: /^-?\d{1,15}$/ };

/** What is wrong with what was typed into the field, as a sentence for whoever typed it; null if nothing is. */
export function mistakeIn(field: Field, draft: Draft): string | null {
  const text = (draft[keyOf(field)] ?? "").trim();
  if (text === "") return null;
  const says = `${field.name}: “${text}” is`;
  switch (field.kind) {
    case "amount":
      return amountIn(text, currencyIn(field, draft)) === null ? `${says} no amount. Write it like 1084.00.` : null;
    case "number":
      return NUMBERS.number.test(text) ? null : `${says} no number.`;
    case "whole":
      return NUMBERS.whole.test(text) ? null : `${says} no whole number.`;
    case "json":
      return isJson(text) ? null : `${field.name} holds no valid JSON.`;
    case "text":
      return fits(text, field.pattern) ? null : `${says} not what is wanted here. ${field.hint}`.trim();
    default:
      return null;
  }
}

const currencyIn = (field: Field, draft: Draft): string => (draft[currencyKeyOf(field)] ?? "").trim().toUpperCase();

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function fits(text: string, pattern: string | undefined): boolean {
  try {
    return pattern === undefined || new RegExp(pattern, "u").test(text);
  } catch {
    // Python knows patterns that browsers do not: the server decides.
    return true;
  }
}

/** The arguments that a draft without mistakes says; what is left empty is null. */
export function argumentsOf(fields: Field[], draft: Draft): Record<string, Json> {
  const whole: Record<string, Json> = {};
  for (const field of fields) {
    let place = whole;
    for (const name of field.path.slice(0, -1)) {
      place[name] ??= {};
      place = place[name] as Record<string, Json>;
    }
    place[field.path.at(-1) ?? ""] = typedInto(field, draft);
  }
  return whole;
}

function typedInto(field: Field, draft: Draft): Json {
  const text = (draft[keyOf(field)] ?? "").trim();
  if (text === "") return null;
  switch (field.kind) {
    case "number":
    case "whole":
      return Number(text);
    case "yes_no":
      return text === "true";
    case "amount":
      return { amount: amountIn(text, currencyIn(field, draft)), currency: currencyIn(field, draft) };
    case "json":
      return JSON.parse(text) as Json;
    default:
      return text;
  }
}
