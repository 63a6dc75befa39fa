/** Promises about what is sent, when, and what the screen is told. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Chat, joinParts, openChat } from "../src/chat.ts";
import type { Door, Ear } from "../src/door.ts";
import type { ChatMessage, NewChatMessage, NewCustomer, Received } from "../src/shapes.ts";
import { openShelf, type Shelf } from "../src/shelf.ts";

// Older node versions have none.
globalThis.navigator ??= {} as Navigator;

class Server {
  readonly sent: [NewChatMessage, key: string][] = [];
  readonly customers: NewCustomer[] = [];
  readonly asked: string[] = [];
  ear: Ear | null = null;
  /** What it answers instead of taking the message. */
  trouble: ((message: NewChatMessage) => Error | undefined) | undefined;
  #number = 0;

  readonly door = {
    base: "https://help.example/",
    config: async () => null,
    makeCustomer: async (customer: NewCustomer) => ({
      customer_id: "c",
      token: `token ${this.customers.push(customer)}`,
    }),
    send: async (message: NewChatMessage, key: string): Promise<Received> => {
      const error = this.trouble?.(message);
      if (error) throw error;
      this.sent.push([message, key]);
      const id = message.conversation_id ?? `conversation ${this.sent.length}`;
      return {
        conversation_id: id,
        message: this.message("customer", message.text),
        turn_id: "turn",
        last_event_id: 3,
      };
    },
    askForPerson: async (id: string) => {
      this.asked.push(id);
      return { id, status: "open", handled_by: "rep", agent_is_writing: false, rep_name: null, messages: [] };
    },
    listen: (_id: string, _after: string, ear: Ear) => {
      this.ear = ear;
      ear.opened();
      return new Promise<void>((_, reject) => ear.signal.addEventListener("abort", () => reject(new Error("cut"))));
    },
    conversations: async () => [],
    rate: async (id: string, helpful: boolean) => ({ ...this.message("agent", "Yes."), id, helpful }),
  } as unknown as Door;

  message(author: ChatMessage["author"], text: string, turn_id: string | null = "turn"): ChatMessage {
    const number = ++this.#number;
    const rest = { name: null, decision: null, asks: false, citations: [], helpful: null, created_at: "2026-11-22T10:00:00Z" };
    return { id: `message ${number}`, number, author, text, turn_id, ...rest };
  }

  tell(event: string, content: unknown): void {
    this.ear?.heard({ id: "9", event, data: JSON.stringify(content) });
  }
}

function refusal(status: number): Error {
  return Object.assign(new Error("No."), { status });
}

function open(): { server: Server; shelf: Shelf; chat: Chat; heard: ChatMessage[] } {
  const server = new Server();
  const shelf = openShelf(server.door.base, "");
  const heard: ChatMessage[] = [];
  const chat = openChat(
    server.door,
    shelf,
    () => undefined,
    (message) => heard.push(message),
  );
  return { server, shelf, chat, heard };
}

/** Everything that is under way has come to rest. */
const rest = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

test("two messages that are said at once go into one conversation, in order, with keys of their own", async () => {
  const { server, chat, shelf } = open();
  chat.say("Hello", null);
  chat.say("My card was charged twice", null);
  await rest();
  assert.deepEqual(
    server.sent.map(([{ text, conversation_id }]) => [text, conversation_id]),
    [
      ["Hello", null],
      ["My card was charged twice", "conversation 1"],
    ],
  );
  assert.notEqual(server.sent[0]?.[1], server.sent[1]?.[1]);
  assert.equal(server.customers.length, 1);
  assert.deepEqual(shelf.outbox(), []);
  assert.equal(chat.seen.thread, "conversation 1");
});

test("what could not be sent waits, and is sent with the same key when the network is back", async () => {
  const { server, chat, shelf } = open();
  server.trouble = () => new TypeError("Failed to fetch");
  chat.say("Hello", null);
  await rest();
  const [waiting] = shelf.outbox();
  assert.equal(waiting?.text, "Hello");
  assert.equal(chat.seen.failures, 1);
  server.trouble = undefined;
  chat.nudge();
  await rest();
  assert.deepEqual(
    server.sent.map(([, key]) => key),
    [waiting?.id],
  );
  assert.equal(chat.seen.failures, 0);
});

test("a message that the server will not take says why, and does not hold up the next", async () => {
  const { server, chat, shelf } = open();
  server.trouble = ({ text }) => (text === "Bad" ? refusal(413) : undefined);
  chat.say("Bad", null);
  chat.say("Good", null);
  await rest();
  assert.deepEqual(
    shelf.outbox().map(({ text, refused }) => [text, refused]),
    [["Bad", "No."]],
  );
  assert.deepEqual(
    server.sent.map(([{ text }]) => text),
    ["Good"],
  );
});

test("a key that the server has forgotten is replaced once, and nothing is lost", async () => {
  const { server, chat } = open();
  chat.say("First", null);
  await rest();
  let refusals = 1;
  server.trouble = () => (refusals-- > 0 ? refusal(401) : undefined);
  chat.say("Second", null);
  await rest();
  assert.equal(server.customers.length, 2);
  assert.deepEqual(
    server.sent.map(([{ text, conversation_id }]) => [text, conversation_id]),
    [
      ["First", null],
      ["Second", null],
    ],
  );
});

test("a server that never knows the key is not asked for ever", async () => {
  const { server, chat, shelf } = open();
  server.trouble = () => refusal(401);
  chat.say("Hello", null);
  await rest();
  assert.equal(server.customers.length, 2);
  assert.equal(shelf.outbox()[0]?.refused, "No.");
});

test("asking for a person with the first words sends the words first", async () => {
  const { server, chat, shelf } = open();
  chat.say("I want a person", null, true);
  await rest();
  assert.equal(server.sent.length, 1);
  assert.deepEqual(server.asked, ["conversation 1"]);
  assert.equal(chat.seen.conversation?.handled_by, "rep");
  assert.equal(chat.messages().length, 1);
  assert.deepEqual(shelf.outbox(), []);
});

test("sentences are shown as they come, and the finished answer takes their place and is heard once", async () => {
  const { server, chat, heard } = open();
  chat.attend(true);
  chat.say("Why?", null);
  await rest();
  assert.equal(chat.seen.conversation?.agent_is_writing, true);
  server.tell("reply_part", { turn_id: "turn", index: 0, text: "Becuse." });
  server.tell("reply_part", { turn_id: "turn", index: 0, text: "Because." });
  server.tell("reply_part", { turn_id: "turn", index: 1, text: "So it is." });
  assert.deepEqual([...chat.seen.parts], [["turn", ["Because.", "So it is."]]]);
  const answer = server.message("agent", "Because. So it is.");
  server.tell("message", answer);
  server.tell("message", answer);
  server.tell("reply_part", { turn_id: "turn", index: 0, text: "Because." });
  assert.deepEqual([...chat.seen.parts], []);
  assert.deepEqual(
    heard.map(({ text }) => text),
    ["Because. So it is."],
  );
  assert.equal(chat.messages().length, 2);
});

test("replies count as unread until they are looked at", async () => {
  const { server, chat } = open();
  chat.attend(true);
  chat.say("Why?", null);
  await rest();
  server.tell("message", server.message("agent", "Because."));
  server.tell("message", server.message("note", "Maya took over.", null));
  server.tell("message", server.message("rep", "Hello.", null));
  assert.equal(chat.unread(), 2);
  chat.markSeen();
  assert.equal(chat.unread(), 0);
});

test("another person on the same browser sees nothing of the last one", async () => {
  const { chat, shelf } = open();
  chat.identify({ email: "maya@acme.example" });
  chat.say("Secret", null);
  await rest();
  chat.identify({ email: "Maya@Acme.example ", name: "Maya" });
  assert.equal(chat.messages().length, 1, "the same person, written differently");
  chat.identify({ email: "omar@acme.example" });
  assert.deepEqual(chat.messages(), []);
  assert.equal(chat.seen.thread, null);
  assert.equal(shelf.get("key"), null);
  chat.identify(null);
  assert.equal(shelf.get("who"), null);
});

test("attributes are gathered, and go with the visitor's first message", async () => {
  const { server, chat } = open();
  chat.addAttributes({ plan: "team" });
  chat.identify({ attributes: { seats: "5" } });
  chat.say("Hello", null);
  await rest();
  assert.deepEqual(server.customers, [{ attributes: { plan: "team", seats: "5" } }]);
});

test("sentences without spaces between them are given some", () => {
  assert.equal(joinParts(["One.", "Two. ", "Three."]), "One. Two. Three.");
  assert.equal(joinParts(["- one\n", "- two"]), "- one\n- two");
  const late: string[] = [];
  late[1] = "Later.";
  assert.equal(joinParts(late), "Later.");
});
