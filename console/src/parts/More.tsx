import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import { sentenceOf } from "../shell/notices";

/** Fetches the next stretch of a list when asked to; and says so when it does not come. */
export function More({ list }: { list: UseInfiniteQueryResult }) {
  if (!list.hasNextPage) return null;
  const fault = list.isFetchingNextPage || list.isFetchNextPageError ? (list.failureReason ?? list.error) : null;
  return (
    <div className="more">
      {fault && (
        <p className="bad" role="alert">
          {sentenceOf(fault)}
          {list.isFetchingNextPage && " It is tried again by itself."}
        </p>
      )}
      <button
        type="button"
        className="btn"
        disabled={list.isFetchingNextPage}
        onClick={() => void list.fetchNextPage()}
      >
        Show more
      </button>
    </div>
  );
}
