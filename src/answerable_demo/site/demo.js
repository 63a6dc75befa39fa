// Who is signed in on the demo company's pages. A real page gets its token from its own server, for its own session.

const CHOICE = "ledgerly:signed-in-as";
const FRESH_MS = 10 * 60 * 1000;
const chat = document.querySelector("answerable-chat");

async function signIn(key) {
  if (!key) return chat.removeAttribute("identity");
  const answer = await fetch(`/demo-identity/${key}`, { method: "POST" });
  if (answer.ok) chat.setAttribute("identity", (await answer.json()).token);
  else chat.removeAttribute("identity");
}

function drawSwitch(people, chosen) {
  const label = document.createElement("label");
  const select = document.createElement("select");
  const options = [["", "nobody"], ...people.map(({ key, name, company }) => [key, `${name}, ${company}`])];
  select.append(...options.map(([key, words]) => new Option(words, key, false, key === chosen)));
  select.addEventListener("change", () => {
    localStorage.setItem(CHOICE, select.value);
    void signIn(select.value);
  });
  label.className = "signed-in";
  label.append("Demo: signed in as ", select);
  document.body.prepend(label);
}

async function begin() {
  const chosen = localStorage.getItem(CHOICE) ?? "";
  const people = await fetch("/demo-identity/").then((answer) => (answer.ok ? answer.json() : []));
  if (people.length) drawSwitch(people, chosen);
  // Before the widget starts: without a token it takes it that nobody is signed in.
  await signIn(chosen);
  setInterval(() => signIn(localStorage.getItem(CHOICE)), FRESH_MS);
}

begin()
  .catch((error) => console.warn("Nobody can be signed in:", error))
  .finally(() => {
    const widget = document.createElement("script");
    widget.src = "/widget/answerable.js";
    widget.type = "module";
    document.head.append(widget);
  });
