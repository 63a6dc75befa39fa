/** Reads a stream of server-sent events out of a response. */

export interface ServerEvent {
  id: string;
  event: string;
  data: string;
}

// A server that says nothing at all for this long is taken for gone; it sends a comment more often than that.
const SILENCE_MS_MAX = 60_000;

/** Cuts text that arrives in any pieces into events. */
export function eventReader(): (text: string) => ServerEvent[] {
  let rest = "";
  return (text) => {
    const blocks = (rest + text).split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? "";
    return blocks.map(readEvent).filter(({ data }) => data);
  };
}

function readEvent(block: string): ServerEvent {
  const fields: Record<string, string> = {};
  for (const [, name = "", value = ""] of block.matchAll(/^(\w+): ?(.*)$/gm)) {
    fields[name] = fields[name] && name === "data" ? `${fields[name]}\n${value}` : value;
  }
  const { id = "", event = "", data = "" } = fields;
  return { id, event, data };
}

/** Gives every event to `heard` until the stream ends; throws when it breaks. */
export async function readEvents(body: ReadableStream<Uint8Array>, heard: (event: ServerEvent) => void): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const read = eventReader();
  for (;;) {
    const timer = setTimeout(() => reader.cancel(), SILENCE_MS_MAX);
    const { done, value } = await reader.read().finally(() => clearTimeout(timer));
    if (done) return;
    for (const event of read(decoder.decode(value, { stream: true }))) heard(event);
  }
}

/** How long to wait before the next attempt: longer each time up to what a visitor bears, and not all at once. */
export function pauseMs(attempt: number, chance = Math.random()): number {
  return Math.min(5000, 500 * 2 ** attempt) * (0.5 + chance / 2);
}
