import { keysShown } from "./commands";

/** The keys of a command, as caps. */
export function Keys({ keys }: { keys: string }) {
  return (
    <span className="keys end" aria-hidden="true">
      {keys.split(" ").map((key) => (
        <kbd key={key}>{keysShown(key)}</kbd>
      ))}
    </span>
  );
}
