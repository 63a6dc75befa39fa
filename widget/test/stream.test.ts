/** Promises about the stream of events, and about waiting. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventReader, pauseMs, readEvents, type ServerEvent } from "../src/stream.ts";

const text = ': here\n\nid: 7\nevent: message\ndata: {"a":\ndata: 1}\n\nevent: reply_part\ndata:x\n\n';
const events = [
  { id: "7", event: "message", data: '{"a":\n1}' },
  { id: "", event: "reply_part", data: "x" },
];

test("events are the same however the text is cut into pieces, with either end of line", () => {
  for (const stream of [text, text.replaceAll("\n", "\r\n")]) {
    for (let size = 1; size <= stream.length; size++) {
      const read = eventReader();
      const heard: ServerEvent[] = [];
      for (let at = 0; at < stream.length; at += size) heard.push(...read(stream.slice(at, at + size)));
      assert.deepEqual(heard, events, `in pieces of ${size}`);
    }
  }
});

test("letters that are cut in two arrive whole", async () => {
  const bytes = new TextEncoder().encode("data: €84 für 日本\n\n");
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const heard: string[] = [];
  await readEvents(body, ({ data }) => heard.push(data));
  assert.deepEqual(heard, ["€84 für 日本"]);
});

test("a broken stream throws", async () => {
  const body = new ReadableStream<Uint8Array>({ start: (controller) => controller.error(new TypeError("cut")) });
  await assert.rejects(readEvents(body, () => undefined));
});

test("each pause is longer than the last, up to five seconds", () => {
  assert.deepEqual(
    [0, 1, 2, 9].map((attempt) => pauseMs(attempt, 1)),
    [500, 1000, 2000, 5000],
  );
  assert.equal(pauseMs(9, 0), 2500);
});
