/** JSON as coloured pieces, in as few lines as fit. */

import type { Json } from "../api/types";

export interface Piece {
  /** k: key, s: string, n: number, b: true, false or null; none for punctuation. */
  kind: "k" | "s" | "n" | "b" | "";
  text: string;
}

const INDENT = "  ";

export function prettyJson(value: Json, width = 52, indent = ""): Piece[] {
  const flat = inline(value);
  if (isLeaf(value) || indent.length + length(flat) <= width) return flat;
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const deeper = indent + INDENT;
  const entries: [string | null, Json][] = Array.isArray(value)
    ? value.map((item) => [null, item])
    : Object.entries(value as Record<string, Json>);
  return [
    text(`${open}\n`),
    ...entries.flatMap(([key, item], place) => [
      text(deeper),
      ...(key === null ? [] : [keyOf(key), text(": ")]),
      ...prettyJson(item, width, deeper),
      text(place < entries.length - 1 ? ",\n" : "\n"),
    ]),
    text(indent + close),
  ];
}

function inline(value: Json): Piece[] {
  if (typeof value === "string") return [{ kind: "s", text: JSON.stringify(value) }];
  if (typeof value === "number") return [{ kind: "n", text: rounded(value) }];
  if (typeof value === "boolean" || value === null) return [{ kind: "b", text: String(value) }];
  if (Array.isArray(value)) return wrap("[", "]", value.map(inline));
  return wrap(
    "{",
    "}",
    Object.entries(value).map(([key, item]) => [keyOf(key), text(": "), ...inline(item)]),
  );
}

function wrap(open: string, close: string, parts: Piece[][]): Piece[] {
  return [text(open), ...parts.flatMap((part, place) => (place ? [text(", "), ...part] : part)), text(close)];
}

const isLeaf = (value: Json) => value === null || typeof value !== "object" || Object.keys(value).length === 0;
const length = (pieces: Piece[]) => pieces.reduce((sum, piece) => sum + piece.text.length, 0);
const text = (words: string): Piece => ({ kind: "", text: words });
const keyOf = (key: string): Piece => ({ kind: "k", text: JSON.stringify(key) });
/** A float's tail says nothing to a reader: 0.8312000155448914 is shown as 0.8312; 12345.67 stays as it is. */
const rounded = (value: number) =>
  String(String(value).length > 10 && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value);
