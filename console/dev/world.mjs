// The invented company of the scripted server: people, conversations, articles.
const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
let lastNumber = 1000;
function id(prefix) {
  lastNumber += 1;
  return `${prefix}_${lastNumber}`;
}

const maya = { id: "rep_maya", name: "Maya Okafor", email: "maya@ledgerly.example", role: "admin" };
const hit = (n, title, path, text, score, lexical, dense) => ({
  passage_id: `psg_${n}`,
  article_id: `art_${n}`,
  revision_id: `rev_${n}`,
  revision: 2,
  title,
  heading_path: path,
  url: `https://help.ledgerly.example/${title.toLowerCase().replaceAll(" ", "-")}`,
  text,
  score,
  lexical,
  dense,
});

export const world = {
  me: { ...maya, company: "Ledgerly", release: 3 },
  reps: [
    { ...maya, active: true, created_at: ago(90_000) },
    {
      id: "rep_samir",
      name: "Samir Haddad",
      email: "samir@ledgerly.example",
      role: "builder",
      active: true,
      created_at: ago(70_000),
    },
    {
      id: "rep_lena",
      name: "Lena-Marie von Hohenstein-Oppenheimer",
      email: "lena@ledgerly.example",
      role: "rep",
      active: true,
      created_at: ago(40_000),
    },
    {
      id: "rep_old",
      name: "Piotr Nowak",
      email: "piotr@ledgerly.example",
      role: "lead",
      active: false,
      created_at: ago(140_000),
    },
  ],
  releases: [
    {
      number: 3,
      reason: "Import of help.ledgerly.example: 2 new, 3 changed",
      author: "Maya Okafor",
      created_at: ago(2900),
    },
    { number: 2, reason: "Import of ./policies: 9 new", author: "answerable", created_at: ago(9000) },
    { number: 1, reason: "Import of ./knowledge: 43 new", author: "answerable", created_at: ago(9010) },
  ],
  traces: new Map(),
  hits: [
    hit(
      1,
      "Correcting an invoice",
      ["After it was sent"],
      "A sent invoice is never edited. Issue a credit note for it, then a new invoice. The credit note carries the number of the invoice that it corrects and is attached to it automatically.",
      0.86,
      0.62,
      0.91,
    ),
    hit(
      2,
      "Refund times",
      ["Cards"],
      "Refunds to cards take 5–10 business days. The time depends on the bank of the card holder; we cannot make it faster.",
      0.74,
      0.71,
      0.75,
    ),
    hit(
      3,
      "Billing in several currencies",
      ["Per client"],
      "Every client has a currency of its own. Set it under Clients › Details › Currency before the first invoice; it applies to recurring invoices, too.",
      0.52,
      0.18,
      0.6,
    ),
    hit(
      4,
      "Duplicate charges",
      [],
      "If a card was charged twice within ten minutes for the same invoice, the second charge is a duplicate and is refunded in full.",
      0.47,
      0.55,
      0.45,
    ),
    hit(
      5,
      "Payment methods",
      ["Cards and SEPA"],
      "Cards, SEPA debit and bank transfer are available on every plan.",
      0.22,
      0.2,
      0.22,
    ),
  ],
  articles: [
    "Adding a team member",
    "Billing in several currencies",
    "Cancelling a plan",
    "Closing an account",
    "Correcting an invoice",
    "Duplicate charges",
    "Exporting to DATEV",
    "Payment methods",
    "Payout schedule",
    "Read-only access for accountants",
    "Refund times",
    "Reverse charge within the EU",
    "Sending reminders",
    "الفواتير والضرائب في دولة الإمارات",
    "Two-factor sign-in",
    "VAT ID on invoices",
    "Webhooks and retries",
  ].map((title, place) => ({
    id: `art_${place + 1}`,
    slug: title.toLowerCase().replaceAll(" ", "-"),
    title,
    language: title.startsWith("ا") ? "ar" : "en",
    section: ["Team", "Invoices", "Plans", "Payments"][place % 4],
    url: place % 3 ? `https://help.ledgerly.example/${place}` : null,
    source_id: place % 5 ? "src_1" : "src_2",
    revision: 1 + (place % 3),
    revised_at: ago(3000 + place * 900),
    words: 180 + place * 67,
  })),
  article(articleId) {
    const row = world.articles.find((one) => one.id === articleId) ?? world.articles[0];
    return {
      row,
      text: `# ${row.title}\n\nA sent invoice is **never edited**. Issue a credit note for it, then a new invoice.\n\n## Before it is sent\n\n1. Open *Invoices › Drafts*.\n2. Change what is wrong.\n3. Press **Save**; nothing has left the house yet.\n\n## After it was sent\n\nIssue a credit note. It carries the number of the invoice that it corrects.\n\n| Plan | Credit notes a month | Who may issue them |\n|---|---|---|\n| Solo | 10 | the owner |\n| Team | unlimited | owner and bookkeepers |\n\n> Accountants with read-only access cannot issue credit notes.\n\n\`\`\`\nPOST /v1/invoices/INV-2025-0317/credit-notes\n\`\`\`\n\nSee [Refund times](https://help.ledgerly.example/refund-times).`,
      revisions: [
        { id: "rev_a", number: 2, title: row.title, from_release: 3, to_release: null, created_at: ago(2900) },
        { id: "rev_b", number: 1, title: row.title, from_release: 1, to_release: 3, created_at: ago(9010) },
      ],
      passages: [
        {
          id: "psg_0",
          number: 1,
          heading_path: [],
          text: "A sent invoice is **never edited**. Issue a credit note for it, then a new invoice.",
        },
        {
          id: "psg_1",
          number: 2,
          heading_path: ["Before it is sent"],
          text: "1. Open *Invoices › Drafts*.\n2. Change what is wrong.\n3. Press **Save**; nothing has left the house yet.",
        },
        {
          id: "psg_2",
          number: 3,
          heading_path: ["After it was sent"],
          text: "Issue a credit note. It carries the number of the invoice that it corrects.",
        },
      ],
    };
  },
  sources: [
    {
      id: "src_1",
      kind: "site",
      location: "https://help.ledgerly.example/sitemap.xml",
      articles: 43,
      last_import: {
        id: "imp_1",
        source_id: "src_1",
        state: "done",
        release: 3,
        new: 2,
        changed: 3,
        unchanged: 38,
        gone: 1,
        skipped: [
          { name: "https://help.ledgerly.example/videos/onboarding.mp4", reason: "Not a page: video/mp4." },
          { name: "https://help.ledgerly.example/old/export", reason: "It leads to a private address." },
        ],
        started_at: ago(2901),
        ended_at: ago(2900.6),
      },
    },
    {
      id: "src_2",
      kind: "folder",
      location: "/srv/ledgerly/policies",
      articles: 9,
      last_import: {
        id: "imp_2",
        source_id: "src_2",
        state: "done",
        release: null,
        new: 0,
        changed: 0,
        unchanged: 9,
        gone: 0,
        skipped: [],
        started_at: ago(50),
        ended_at: ago(49.99),
      },
    },
  ],
};

export const status = (conversations) => ({
  version: "0.1.0",
  company: "Ledgerly",
  release: 3,
  model: "embedded",
  database: "sqlite",
  articles: 52,
  passages: 318,
  conversations,
  turns_waiting: 0,
});

const TEXTS = {
  answer:
    "Yes. A sent invoice is never edited; you **issue a credit note** for it, then a new invoice.[1] The credit note carries the number of the invoice that it corrects.[1]\n\nA refund to your card takes 5–10 business days after that.[2]",
  ask: "I can look into that. Which invoice do you mean? Its number begins with INV- and stands at the top right.",
  hand_off: "I am not sure enough to answer this, so I am asking a colleague. You will hear from a person here.",
};

export function makeRun(talk, decision, minutes = 0) {
  const turnId = talk.messages.at(-1)?.turn_id ?? id("trn");
  const confidence = { answer: 0.86, ask: 0.58, hand_off: 0.38 }[decision];
  const kinds = [
    [
      "classifier",
      "understand",
      "billing, correction",
      2100,
      { text: talk.row.subject },
      { topic: "billing.correction", language: "en", confidence: 0.93 },
    ],
    [
      "policy",
      "policy, before",
      "3 rules, none applies",
      380,
      { identity: "verified", surface: "chat" },
      { rules: ["R-01", "R-07", "R-12"], applies: [] },
    ],
    [
      "retrieval",
      "retrieve",
      "5 of 318 passages",
      6420,
      { query: talk.row.subject, release: 3, limit: 5 },
      { hits: world.hits, confidence },
    ],
    [
      "model",
      "write answer",
      "quoted 2 passages",
      18_030,
      { question: talk.row.subject, passages: ["psg_1", "psg_2"], history: [] },
      {
        decision,
        confidence,
        sentences: [
          { text: "A sent invoice is never edited.", passage: "psg_1" },
          { text: "Refunds to cards take 5–10 business days.", passage: "psg_2" },
        ],
      },
    ],
    ["guard", "verify answer", "3 of 3 sourced", 2920, { sentences: 3 }, { supported: 3, unsupported: [] }],
  ];
  if (decision === "hand_off")
    kinds.splice(4, 1, [
      "handoff",
      "hand over",
      "not sure enough",
      240,
      { reason: "Not sure enough" },
      { summary: "Wants one of two charges refunded." },
    ]);
  let offset = 0;
  const spans = kinds.map(([kind, name, summary, us, input, output], place) => {
    const span = {
      id: id("spn"),
      parent_id: null,
      number: place + 1,
      kind,
      name,
      summary,
      state: "done",
      input,
      output,
      error: null,
      tokens_in: kind === "model" ? 1840 : 0,
      tokens_out: kind === "model" ? 112 : 0,
      cost_micros: kind === "model" ? 3200 : 0,
      offset_us: offset,
      duration_us: us,
    };
    offset += us + 90;
    return span;
  });
  const run = {
    id: id("run"),
    turn_id: turnId,
    state: "finished",
    decision,
    confidence,
    reason:
      decision === "hand_off"
        ? "Not sure enough, 0.38: the best passage speaks of duplicate charges on one card, the customer of two."
        : "Two passages answer the question directly.",
    release: 3,
    model: "embedded",
    tokens_in: 1840,
    tokens_out: 112,
    cost_micros: 3200,
    started_at: ago(minutes),
    duration_us: offset,
    strip: spans.map(({ kind, duration_us, state }) => ({ kind, duration_us, state })),
  };
  const citations =
    decision === "answer"
      ? world.hits.slice(0, 2).map((one, place) => ({
          number: place + 1,
          title: one.title,
          url: one.url,
          quote: one.text,
          passage_id: one.passage_id,
          article_id: one.article_id,
          revision_id: one.revision_id,
        }))
      : [];
  return { run, spans, text: TEXTS[decision], citations };
}

function talk(name, subject, minutes, patch = {}) {
  const customer = {
    id: id("cus"),
    name,
    email: name ? `${name.split(" ")[0].toLowerCase()}@example.org` : null,
    identity: name ? "verified" : "anonymous",
    attributes: name ? { company: "Studio Maré", plan: "Team, €84/mo since 2023" } : {},
    created_at: ago(80_000),
  };
  const one = {
    row: {
      id: id("cnv"),
      subject,
      customer,
      surface: "chat",
      status: "open",
      handled_by: "agent",
      waiting_on: "customer",
      assignee_id: null,
      assignee_name: null,
      why: null,
      last_text: subject,
      last_author: "customer",
      strip: [],
      proved_until: null,
      agent_is_writing: false,
      changed_at: ago(minutes),
      ...patch,
    },
    messages: [],
    runs: [],
    handoffs: [],
    add(author, text, { run, citations = [], at = ago(0), page = null } = {}) {
      const message = {
        id: id("msg"),
        number: one.messages.length + 1,
        author,
        rep_id: author === "rep" ? maya.id : null,
        rep_name: author === "rep" ? maya.name : null,
        text,
        turn_id: run?.turn_id ?? (author === "customer" ? id("trn") : null),
        run_id: run?.id ?? null,
        decision: run?.decision ?? null,
        confidence: run?.confidence ?? null,
        reason: run?.reason ?? null,
        citations,
        page,
        helpful: null,
        created_at: at,
      };
      one.messages.push(message);
      return message;
    },
    answer(decision, minutes) {
      const { run, spans, text, citations } = makeRun(one, decision, minutes);
      one.runs.push(run);
      world.traces.set(run.id, { run, spans });
      one.row.strip = run.strip;
      return one.add("agent", text, { run, citations, at: ago(minutes - 0.05) });
    },
  };
  one.add("customer", subject, {
    at: ago(minutes + 3),
    page: { title: "INV-2025-0317 | Invoices | Billing", path: "/billing/invoices" },
  });
  return one;
}

const waits = { handled_by: "rep", waiting_on: "rep" };
const ines = talk("Ines Carvalho", "Charged twice for the March invoice", 2, {
  ...waits,
  why: "Not sure enough, 0.38",
});
ines.messages[0].text =
  "Hi, my card was charged €84.00 twice on 3 March for INV-2025-0317. Can you refund one of them?";
ines.answer("answer", 4.5);
ines.add(
  "customer",
  "Perfect, thank you! But it was two different cards, and one of them has expired. Where does the money go?",
  { at: ago(3) },
);
ines.answer("hand_off", 2.4);
ines.handoffs.push({
  id: id("hnd"),
  reason: "Not sure enough: the articles speak of one card, the customer of two",
  summary:
    "Ines was charged €84.00 twice for INV-2025-0317. She was told that a refund to a card takes 5–10 business days. One of her two cards has expired.",
  tried: [
    "Searched for refunds to expired cards: nothing says it",
    "Found Duplicate charges, which covers one card only",
  ],
  question: "Where does the refund go if the card has expired?",
  run_id: ines.runs.at(-1).id,
  created_at: ago(2.3),
});

const tobias = talk("Tobias Lindqvist", "VAT ID missing on three issued invoices", 6, {
  ...waits,
  why: "Asked for a person",
});
tobias.answer("answer", 8);
const hanna = talk("Hanna Kowalczyk", "Close my account and delete all data", 11, {
  ...waits,
  why: "Policy: a person confirms deletion",
});
hanna.answer("hand_off", 12);
const marcus = talk("Marcus Oyelaran", "409 when finalising invoices over the API", 18, {
  ...waits,
  assignee_id: maya.id,
  assignee_name: maya.name,
  why: "Not sure enough, 0.38",
});
marcus.answer("hand_off", 19);
const rtl = talk("ليلى الهاشمي", "كيف أضيف رقم ضريبي إلى فواتيري المرسلة؟", 22, {
  ...waits,
  why: "No article in Arabic",
});
rtl.answer("hand_off", 23);
const priya = talk("Priya Raman", "Can I bill one client in USD and another in EUR?", 0.2, {
  waiting_on: "agent",
  why: "Writing answer",
});
priya.isStreaming = true;
priya.answer("answer", 1);
const ais = [
  ["Jean-Baptiste Morel", "Export DATEV pour l’exercice 2025", 0.5],
  ["Yuki Tanabe", "Invite my accountant with read-only access", 1],
  ["Sofia Petrova", "Why was yesterday’s payout delayed?", 1.5],
].map(([name, subject, minutes]) => {
  const one = talk(name, subject, minutes, {
    waiting_on: "agent",
    proved_until: null,
    agent_is_writing: minutes < 1,
    why: minutes < 1 ? "Retrieve" : "Write answer",
  });
  one.answer("ask", minutes);
  return one;
});
const NAMES = [
  "Ana Ruiz",
  "Bo Lindgren",
  "Chidi Eze",
  "Dana Weiss",
  "Elif Kaya",
  "Farid Rahimi",
  "Grace Kim",
  "Hugo Blanc",
  null,
  "Oluwaseun Adebayo-Williamson-Thompson",
];
const SUBJECTS = [
  "How do I add a VAT ID?",
  "Invoice PDF has the wrong logo",
  "Reminder went to the wrong address",
  "Can I change my plan in the middle of the month?",
  "Webhook fires twice",
  "Is there a read-only role?",
  "Where do I find last year’s payouts? I looked under Reports, Payouts and Exports and found only this year",
];
const rest = Array.from({ length: Number(process.env.ROWS ?? 60) }, (_, place) => {
  const isOpen = place % 3 > 0;
  const one = talk(NAMES[place % NAMES.length], SUBJECTS[place % SUBJECTS.length], 25 + place * 41, {
    status: isOpen ? "open" : "resolved",
    waiting_on: isOpen ? "customer" : "nobody",
  });
  one.answer(place % 5 ? "answer" : "ask", 26 + place * 41);
  return one;
});

export const conversations = process.env.EMPTY ? [] : [ines, tobias, hanna, marcus, rtl, priya, ...ais, ...rest];

export const detailOf = (one, lastEventId) => ({
  row: one.row,
  release: 3,
  language: one === rtl ? "ar" : "en",
  opened_at: one.messages[0].created_at,
  episodes: [
    {
      id: `${one.row.id}-e1`,
      number: 1,
      opened_at: one.messages[0].created_at,
      resolved_at: one.row.status === "resolved" ? one.row.changed_at : null,
      resolved_by: one.row.status === "resolved" ? maya.id : null,
    },
  ],
  messages: one.messages,
  runs: one.runs,
  handoffs: one.handoffs,
  other_conversations: conversations
    .filter((other) => other !== one)
    .slice(8, 10)
    .map((other) => other.row),
  last_event_id: lastEventId,
});
