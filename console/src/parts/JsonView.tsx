import { useMemo, useState } from "react";
import type { Json } from "../api/types";
import { type Piece, prettyJson } from "./json";

const LINES_SHOWN = 14;

/** JSON, coloured; long values open on request. A plain text is shown as its words. */
export function JsonView({ value }: { value: Json }) {
  const [isLong, setIsLong] = useState(false);
  const pieces = useMemo(
    () => (typeof value === "string" ? [{ kind: "" as const, text: value }] : prettyJson(value)),
    [value],
  );
  const lines = pieces.reduce((sum, piece) => sum + piece.text.split("\n").length - 1, 1);
  const shown = isLong || lines <= LINES_SHOWN + 3 ? pieces : firstLines(pieces, LINES_SHOWN);
  return (
    <>
      <pre dir="auto">
        {shown.map((piece, place) =>
          piece.kind ? (
            <span key={place} className={piece.kind}>
              {piece.text}
            </span>
          ) : (
            piece.text
          ),
        )}
      </pre>
      {shown !== pieces && (
        <button type="button" className="more-lines" onClick={() => setIsLong(true)}>
          Show {lines - LINES_SHOWN} more lines
        </button>
      )}
    </>
  );
}

function firstLines(pieces: Piece[], most: number): Piece[] {
  const kept: Piece[] = [];
  let left = most;
  for (const piece of pieces) {
    const lines = piece.text.split("\n");
    if (lines.length - 1 >= left) return [...kept, { ...piece, text: lines.slice(0, left).join("\n") }];
    left -= lines.length - 1;
    kept.push(piece);
  }
  return kept;
}
