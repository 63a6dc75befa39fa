import { Search as SearchIcon, X } from "lucide-react";
import { type RefObject, useEffect, useRef, useState } from "react";

const PAUSE_MS = 180;

/** A search field that says what is searched for once the typing pauses. */
export function SearchField({
  value,
  onSearch,
  label,
  inputRef,
  onLeave,
}: {
  value: string;
  onSearch: (words: string) => void;
  label: string;
  inputRef?: RefObject<HTMLInputElement | null>;
  /** Escape in an empty field. */
  onLeave?: () => void;
}) {
  const [typed, setTyped] = useState(value);
  const latest = useRef(onSearch);
  latest.current = onSearch;
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed === value) return;
    const timer = setTimeout(() => latest.current(typed), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, value]);
  return (
    <div className="search">
      <SearchIcon className="i i-14 dim" aria-hidden="true" />
      <input
        ref={inputRef}
        type="search"
        dir="auto"
        value={typed}
        aria-label={label}
        placeholder={label}
        onChange={(event) => setTyped(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault();
          if (typed) latest.current("");
          else onLeave?.();
          setTyped("");
          event.currentTarget.blur();
        }}
      />
      {typed && (
        <button
          type="button"
          className="btn ghost sm icon"
          aria-label="Clear search"
          onClick={() => {
            setTyped("");
            latest.current("");
          }}
        >
          <X className="i i-14" aria-hidden="true" />
        </button>
      )}
    </div>
  );
}
