/** A small scripted server for working on the widget: `npm run dev`, then open http://127.0.0.1:8977/billing/invoices. */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const PORT = Number(process.env.PORT ?? 8977);
const WORD_MS = Number(process.env.WORD_MS ?? 350);
const file = (name) => readFileSync(new URL(name, import.meta.url));

const config = {
  company: "Ledgerly",
  greeting: "How can we help?",
  ai_notice: "You are talking to an AI. People help when needed.",
  people_notice: "People are here on weekdays from 9:00 to 17:00.",
  suggestions: [
    { text: "Why was I charged twice?", path: "/billing" },
    { text: "Download a corrected invoice", path: "/billing" },
    { text: "Change the card for this workspace", path: "/billing" },
    { text: "How do I invite my team?", path: null },
  ],
  message_bytes_max: 32 * 1024,
};

const citations = [
  {
    number: 1,
    title: "Charges for INV-2025-0317",
    url: null,
    quote: "Two charges of €84.00 were made on 3 March, 41 seconds apart.",
  },
  {
    number: 2,
    title: "Refund times",
    url: "/help/refund-times",
    quote: "A refund is back on your card within 3 to 5 business days after it was approved.",
  },
];

const answers = [
  {
    about: /charged|refund/i,
    decision: "answer",
    citations,
    text: [
      "You have **two charges** of €84.00 on 3 March for the same invoice, 41 seconds apart. [1] The second one is a duplicate.\n\n",
      "- A refund to your card is waiting for approval\n- After that it takes *3 to 5 business days* [2]\n\n",
      "See [Refund times](https://help.example/refunds) or run `ledgerly refunds list`. <img src=x onerror=alert(1)> [x](javascript:alert(1))",
    ],
  },
  {
    about: /invoice/i,
    decision: "answer",
    citations: citations.slice(1),
    text: [
      "1. Open **Billing**.\n2. Choose the invoice.\n3. Press *Correct*.\n\n",
      "| Plan | Price |\n|---|---|\n| Team | €84.00 |\n| Studio | €240.00 |\n\n",
      "```\nledgerly invoices correct INV-2025-0317 --reason address --notify accounting@example.com\n```\n",
    ],
  },
];
const unknown = { decision: "ask", citations: [], text: ["I do not know that. ", "Could you say it in other words?"] };

const conversations = new Map();
const customers = new Map();
const seenKeys = new Map();
let lastEvent = 0;
let lastId = 0;
const events = [];
const ears = new Set();

const newId = () => `id${++lastId}`;
const now = () => new Date().toISOString();
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function tell(conversation, name, content) {
  const event = { id: ++lastEvent, conversation: conversation.id, name, data: JSON.stringify(content) };
  events.push(event);
  for (const ear of ears) if (ear.conversation === conversation.id) write(ear.response, event);
}

function write(response, { id, name, data }) {
  response.write(`id: ${id}\nevent: ${name}\ndata: ${data}\n\n`);
}

function change(conversation, what) {
  Object.assign(conversation, what, { changed_at: now() });
  const { status, handled_by, agent_is_writing, rep_name } = conversation;
  tell(conversation, "conversation", { status, handled_by, agent_is_writing, rep_name });
}

function add(conversation, what) {
  const message = {
    id: newId(),
    number: conversation.messages.length + 1,
    name: null,
    decision: null,
    asks: what.decision === "ask",
    citations: [],
    turn_id: null,
    helpful: null,
    created_at: now(),
    ...what,
  };
  conversation.messages.push(message);
  tell(conversation, "message", message);
  return message;
}

async function answer(conversation, text, turn_id) {
  const { decision, citations: sources, text: sentences } = answers.find(({ about }) => about.test(text)) ?? unknown;
  change(conversation, { agent_is_writing: true });
  for (const [index, sentence] of sentences.entries()) {
    await wait(WORD_MS);
    tell(conversation, "reply_part", { turn_id, index, text: sentence });
  }
  await wait(WORD_MS);
  add(conversation, { author: "agent", text: sentences.join(""), decision, citations: sources, turn_id });
  change(conversation, { agent_is_writing: false });
}

async function takeOver(conversation) {
  change(conversation, { handled_by: "rep", agent_is_writing: false });
  add(conversation, { author: "note", text: "A person was asked for." });
  await wait(WORD_MS * 4);
  change(conversation, { rep_name: "Maya" });
  add(conversation, { author: "note", text: "Maya took over." });
  await wait(WORD_MS * 4);
  add(conversation, {
    author: "rep",
    name: "Maya",
    text: "Hello, I am **Maya**.\nI see both charges and will refund the second.",
  });
}

function say(customer, { text, conversation_id }, key) {
  if (seenKeys.has(key)) return seenKeys.get(key);
  if (!text?.trim()) throw problem(400, "Please write something.");
  if (Buffer.byteLength(text) > config.message_bytes_max) throw problem(413, "The message is too long.");
  let conversation = conversation_id && own(customer, conversation_id);
  if (!conversation) {
    conversation = {
      id: newId(),
      customer,
      subject: text.slice(0, 60),
      status: "open",
      handled_by: "agent",
      agent_is_writing: false,
      rep_name: null,
      messages: [],
      changed_at: now(),
    };
    conversations.set(conversation.id, conversation);
  }
  const turn_id = conversation.handled_by === "agent" ? newId() : null;
  const message = add(conversation, { author: "customer", text, turn_id });
  const received = { conversation_id: conversation.id, message, turn_id, last_event_id: lastEvent };
  seenKeys.set(key, received);
  if (/resolve/i.test(text)) change(conversation, { status: "resolved" });
  else if (turn_id) answer(conversation, text, turn_id);
  return received;
}

function own(customer, id) {
  const conversation = conversations.get(id);
  if (conversation?.customer !== customer) throw problem(404, "There is no such conversation.");
  return conversation;
}

function show(conversation) {
  return { ...conversation, customer: undefined, last_event_id: lastEvent };
}

function problem(status, detail) {
  return Object.assign(new Error(detail), { status });
}

async function door(request, path, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const content = chunks.length ? JSON.parse(Buffer.concat(chunks)) : {};
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  if (path === "config") return config;
  if (path === "customers") {
    const customer = newId();
    customers.set(`token-${customer}`, customer);
    return { customer_id: customer, token: `token-${customer}` };
  }
  const customer = customers.get(token);
  if (!customer) throw problem(401, "This key is not known.");
  if (path === "messages") return say(customer, content, request.headers["idempotency-key"]);
  const [kind, id, verb] = path.split("/");
  if (kind === "messages") {
    for (const conversation of conversations.values()) {
      const message = conversation.messages.find((each) => each.id === id);
      if (message) return Object.assign(message, content);
    }
  }
  if (!id) {
    return [...conversations.values()]
      .filter((each) => each.customer === customer)
      .map(({ id, subject, status, messages, changed_at }) => ({
        id,
        subject,
        status,
        last_text: messages.at(-1).text,
        changed_at,
      }))
      .reverse();
  }
  const conversation = own(customer, id);
  if (!verb) return show(conversation);
  if (verb === "person") {
    takeOver(conversation);
    return show(conversation);
  }
  const after = Number(new URL(request.url, "http://x").searchParams.get("after") ?? 0);
  const ear = { conversation: id, response };
  response.writeHead(200, { ...cors, "content-type": "text/event-stream" });
  response.write(": here\n\n");
  for (const event of events) if (event.id > after && event.conversation === id) write(response, event);
  ears.add(ear);
  request.on("close", () => ears.delete(ear));
  return undefined;
}

const cors = {
  "access-control-allow-origin": "*",
  "access-control-allow-headers": "authorization, content-type, idempotency-key",
  "access-control-allow-methods": "GET, POST, PUT",
};

const pageHeaders = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'",
};

createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://x");
  const send = (status, content, headers) => response.writeHead(status, { ...cors, ...headers }).end(content);
  if (request.method === "OPTIONS") return send(204, "", {});
  if (pathname === "/widget/answerable.js")
    return send(200, file("../dist/answerable.js"), { "content-type": "text/javascript" });
  if (pathname === "/page.css") return send(200, file("page.css"), { "content-type": "text/css" });
  if (pathname === "/page.js") return send(200, file("page.js"), { "content-type": "text/javascript" });
  if (!pathname.startsWith("/chat/")) return send(200, file("page.html"), pageHeaders);
  try {
    const answer = await door(request, pathname.slice(6), response);
    if (answer) send(200, JSON.stringify(answer), { "content-type": "application/json" });
  } catch (error) {
    const { status = 500, message: detail } = error;
    send(status, JSON.stringify({ status, title: "No", detail }), { "content-type": "application/problem+json" });
  }
}).listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}/billing/invoices`));
