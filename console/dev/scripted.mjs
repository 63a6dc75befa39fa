// A scripted server with an invented company, for building screens: `node dev/scripted.mjs`, then `npm run dev`.
// It speaks the API to the letter of src/answerable/api/shapes.py, streams a run every few seconds, and can be told to
// misbehave: SLOW=800 delays every answer, FAIL=/api/runs refuses what begins so, ROWS=10000 fills the inbox.
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { conversations, detailOf, makeRun, status, world } from "./world.mjs";

const port = Number(process.env.PORT ?? 8080);
const slow = Number(process.env.SLOW ?? 0);
const fail = process.env.FAIL ?? "";
const listeners = new Set();
let lastEventId = 100;
let signedIn = process.env.SIGNED_IN !== "0";

function tell(kind, conversationId, content) {
  lastEventId += 1;
  const data = JSON.stringify({ conversation_id: conversationId, content });
  for (const response of listeners) response.write(`id: ${lastEventId}\nevent: ${kind}\ndata: ${data}\n\n`);
}

const inView = (row, view) => {
  if (view === "all") return true;
  if (row.status !== "open") return false;
  if (view === "needs_you") {
    return row.handled_by === "rep" && row.waiting_on === "rep" && [null, world.me.id].includes(row.assignee_id);
  }
  if (view === "mine") return row.assignee_id === world.me.id;
  if (view === "with_ai") return row.handled_by === "agent" && row.waiting_on === "agent";
  return row.waiting_on === "customer";
};

const rowsOf = (view) =>
  conversations
    .filter((one) => inView(one.row, view))
    .map((one) => one.row)
    .sort((a, b) => b.changed_at.localeCompare(a.changed_at));

function page(rows, cursor, limit) {
  const from = Number(cursor ?? 0);
  const items = rows.slice(from, from + limit);
  return { items, next: from + limit < rows.length ? String(from + limit) : null };
}

const problem = (status, title, detail, may = false) => ({
  status,
  body: { status, title, detail, may_help_to_retry: may },
});
const missing = problem(404, "Not found", "There is no such conversation, or you may not see it.");

function change(id, patch, words) {
  const found = conversations.find((one) => one.row.id === id);
  if (!found) return missing;
  Object.assign(found.row, patch, { changed_at: new Date().toISOString() });
  if (words) {
    const message = found.add("note", words);
    tell("message", id, message);
  }
  tell("conversation", id, found.row);
  return { body: detailOf(found, lastEventId) };
}

const routes = {
  "GET /api/me": () => (signedIn ? { body: world.me } : problem(401, "Not signed in", "Sign in first.")),
  "POST /api/sign-in": ({ body }) => {
    if (body.password === "wrong") return problem(401, "Not signed in", "E-mail and password do not belong together.");
    signedIn = true;
    return { body: world.me };
  },
  "POST /api/sign-out": () => {
    signedIn = false;
    return { status: 204 };
  },
  "GET /api/sign-in/link/:id": ({ id }) =>
    id === "dead"
      ? problem(404, "Not found", "This link was used already, or it is too old. Ask an admin for a new one.")
      : { body: { name: world.me.name, email: world.me.email } },
  "POST /api/sign-in/link": () => {
    signedIn = true;
    return { body: world.me };
  },
  "GET /api/status": () => ({ body: status(conversations.length) }),
  "GET /api/releases": () => ({ body: world.releases }),
  "GET /api/reps": () => ({ body: world.reps }),
  "POST /api/reps": ({ body }) => {
    const rep = { ...body, id: `rep_${Date.now()}`, active: true, created_at: new Date().toISOString() };
    world.reps.push(rep);
    return { status: 201, body: { rep, link: "/console/link/9f2c-invented-b7" } };
  },
  "PATCH /api/reps/:id": ({ id, body }) => ({
    body: Object.assign(
      world.reps.find((rep) => rep.id === id),
      body,
    ),
  }),
  "GET /api/inbox": ({ query }) => {
    const q = (query.get("q") ?? "").toLowerCase();
    const rows = rowsOf(query.get("view")).filter((row) =>
      `${row.subject} ${row.customer.name}`.toLowerCase().includes(q),
    );
    return { body: page(rows, query.get("cursor"), Number(query.get("limit") ?? 50)) };
  },
  "GET /api/inbox/counts": () => ({
    body: Object.fromEntries(
      ["needs_you", "mine", "with_ai", "waiting", "all"].map((view) => [view, rowsOf(view).length]),
    ),
  }),
  "GET /api/conversations/:id": ({ id }) => {
    const found = conversations.find((one) => one.row.id === id);
    return found ? { body: detailOf(found, lastEventId) } : missing;
  },
  "POST /api/conversations/:id/take-over": ({ id }) =>
    change(
      id,
      {
        handled_by: "rep",
        assignee_id: world.me.id,
        assignee_name: world.me.name,
        waiting_on: "rep",
        status: "open",
        why: null,
      },
      "Maya Okafor took over.",
    ),
  "POST /api/conversations/:id/hand-back": ({ id }) =>
    change(
      id,
      { handled_by: "agent", assignee_id: null, assignee_name: null, waiting_on: "customer" },
      "Maya Okafor handed it back to the AI agent.",
    ),
  "POST /api/conversations/:id/resolve": ({ id }) =>
    change(id, { status: "resolved", waiting_on: "nobody" }, "Maya Okafor resolved it."),
  "POST /api/conversations/:id/assign": ({ id, body }) => {
    const rep = world.reps.find((one) => one.id === body.rep_id);
    return change(
      id,
      { handled_by: "rep", assignee_id: rep?.id ?? null, assignee_name: rep?.name ?? null, waiting_on: "rep" },
      `Maya Okafor assigned it to ${rep?.name ?? "everybody"}.`,
    );
  },
  "POST /api/conversations/:id/reply": ({ id, body }) => {
    if (body.text.includes("refuse"))
      return problem(409, "Conflict", "Samir has this conversation. Take it over first if you want to reply.");
    const found = conversations.find((one) => one.row.id === id);
    const message = found.add("rep", body.text);
    tell("message", id, message);
    return change(id, {
      handled_by: "rep",
      assignee_id: world.me.id,
      assignee_name: world.me.name,
      waiting_on: "customer",
      why: null,
    });
  },
  "GET /api/runs/:id": ({ id }) => {
    const trace = world.traces.get(id);
    return trace ? { body: trace } : problem(404, "Not found", "There is no such run.");
  },
  "GET /api/search": ({ query }) => ({
    body: { query: query.get("q"), release: 3, confidence: 0.81, hits: world.hits, duration_us: 6420 },
  }),
  "GET /api/articles": ({ query }) => {
    const q = (query.get("q") ?? "").toLowerCase();
    const rows = world.articles.filter((row) => row.title.toLowerCase().includes(q));
    return { body: { ...page(rows, query.get("cursor"), Number(query.get("limit") ?? 50)), total: rows.length } };
  },
  "GET /api/articles/:id": ({ id }) => ({ body: world.article(id) }),
  "GET /api/sources": () => ({ body: world.sources }),
  "POST /api/imports": ({ body }) => {
    const row = {
      id: `imp_${Date.now()}`,
      source_id: `src_${Date.now()}`,
      state: "running",
      release: null,
      new: 0,
      changed: 0,
      unchanged: 0,
      gone: 0,
      skipped: [],
      started_at: new Date().toISOString(),
      ended_at: null,
    };
    world.sources.unshift({ id: row.source_id, kind: "site", location: body.url, articles: 0, last_import: row });
    const timer = setInterval(() => {
      row.new += 3;
      if (row.new < 24) return;
      clearInterval(timer);
      Object.assign(row, { state: "done", release: 4, ended_at: new Date().toISOString() });
    }, 500);
    return { status: 202, body: row };
  },
  "GET /api/imports/:id": ({ id }) => ({ body: world.sources.find((one) => one.last_import?.id === id)?.last_import }),
};

// The built console, under the same content policy as the program's own.
const built = new URL("../../src/answerable/web/assets/console/", import.meta.url).pathname;
const TYPES = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2" };
const POLICY =
  "default-src 'self'; img-src 'self' data:; script-src 'self'; style-src 'self'; object-src 'none'; require-trusted-types-for 'script'";

function servePage(pathname, response) {
  const file = join(built, pathname.slice("/console/".length));
  const wanted = extname(file) && existsSync(file) ? file : join(built, "index.html");
  const type = TYPES[extname(wanted)] ?? "text/html";
  response.writeHead(200, { "content-type": type, "content-security-policy": POLICY });
  response.end(readFileSync(wanted));
}

function find(method, path) {
  for (const [name, answer] of Object.entries(routes)) {
    const [verb, pattern] = name.split(" ");
    if (verb !== method) continue;
    const match = new RegExp(`^${pattern.replace(/:id/, "([^/]+)")}$`).exec(path);
    if (match) return { answer, id: match[1] };
  }
  return null;
}

createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  if (pathname === "/api/events") {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(": hello\n\n");
    listeners.add(response);
    request.on("close", () => listeners.delete(response));
    return;
  }
  if (pathname.startsWith("/console")) return servePage(pathname, response);
  let text = "";
  for await (const chunk of request) text += chunk;
  if (slow) await new Promise((resolve) => setTimeout(resolve, slow));
  const found = find(request.method, pathname);
  const said =
    fail && pathname.startsWith(fail)
      ? problem(503, "Unavailable", "The database does not answer at the moment.", true)
      : found
        ? found.answer({ id: found.id, query: searchParams, body: text ? JSON.parse(text) : {} })
        : problem(404, "Not found", "There is no such route.");
  response.writeHead(said.status ?? 200, { "content-type": "application/json" });
  response.end(said.body === undefined ? "" : JSON.stringify(said.body));
}).listen(port, "127.0.0.1", () => console.log(`Scripted server on http://127.0.0.1:${port}`));

// One conversation is answered again and again, so that streaming can be looked at.
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
async function streamForEver() {
  const talk = conversations.find((one) => one.isStreaming);
  for (;;) {
    await pause(4000);
    const question = talk.add("customer", "And does that also work for recurring invoices?");
    Object.assign(talk.row, {
      agent_is_writing: true,
      waiting_on: "agent",
      why: "Writing answer",
      changed_at: new Date().toISOString(),
    });
    tell("message", talk.row.id, question);
    tell("conversation", talk.row.id, talk.row);
    const { run, spans, text, citations } = makeRun(talk, "answer");
    const running = {
      ...run,
      state: "running",
      duration_us: null,
      decision: null,
      confidence: null,
      reason: null,
      strip: [],
    };
    talk.runs.push(running);
    world.traces.set(run.id, { run: running, spans: [] });
    tell("run", talk.row.id, running);
    for (const span of spans) {
      await pause(500);
      running.strip.push({ kind: span.kind, duration_us: span.duration_us, state: span.state });
      world.traces.get(run.id).spans.push(span);
      tell("step", talk.row.id, { run_id: run.id, turn_id: run.turn_id, span });
      talk.row.strip = [...running.strip];
      tell("conversation", talk.row.id, talk.row);
    }
    for (const [index, part] of text.split(/(?<=[.!?]\S*) /).entries()) {
      await pause(700);
      tell("reply_part", talk.row.id, { turn_id: run.turn_id, index, text: `${part} ` });
    }
    await pause(700);
    Object.assign(running, run);
    world.traces.get(run.id).run = running;
    tell("run", talk.row.id, running);
    tell("message", talk.row.id, talk.add("agent", text, { run, citations }));
    Object.assign(talk.row, {
      agent_is_writing: false,
      waiting_on: "customer",
      why: null,
      changed_at: new Date().toISOString(),
    });
    tell("conversation", talk.row.id, talk.row);
    await pause(6000);
  }
}
if (process.env.STREAM !== "0") void streamForEver();
