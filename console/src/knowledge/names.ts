import type { SourceRow } from "../api/types";

export const SOURCE_KINDS = { folder: "Folder", site: "Site", jsonl: "File", console: "Written here" } as const;

/** A source by the part of its place that tells it from others: a host, or the last name of a path. */
export function sourceName(source: Pick<SourceRow, "kind" | "location">): string {
  if (source.kind === "site") {
    try {
      return new URL(source.location).host;
    } catch {
      return source.location;
    }
  }
  return source.location.split(/[/\\]/).filter(Boolean).at(-1) ?? source.location;
}
