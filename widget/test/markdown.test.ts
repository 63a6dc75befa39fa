/** Promises about what a reply may become on a customer's page. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Part, plainWords, readInline, readMarkdown, safeAddress } from "../src/markdown.ts";

/** The tree as a short text: `p(two strong(charges))`. */
function drawn(parts: Part[]): string {
  return parts
    .map((part) => (typeof part === "string" ? part : `${part.tag}${part.to ? `:${part.to}` : ""}(${drawn(part.of)})`))
    .join("");
}

const blocks = (text: string) => drawn(readMarkdown(text));

test("bold, italic, code and sources stand within a paragraph", () => {
  assert.equal(
    blocks("You have **two charges** in *March*, see `INV-1` [1]."),
    "p(You have strong(two charges) in em(March), see code(INV-1) cite:1().)",
  );
});

test("emphasis within strong words, and the other way round", () => {
  assert.equal(blocks("**a *b* c**"), "p(strong(a em(b) c))");
  assert.equal(blocks("*a **b** c*"), "p(em(a strong(b) c))");
});

test("names with underscores and sums with stars are left alone", () => {
  assert.equal(blocks("set max_retry_count to 2 * 3 * 4"), "p(set max_retry_count to 2 * 3 * 4)");
});

test("an escaped mark is the mark itself", () => {
  assert.equal(blocks("\\*not bold\\* and \\[1\\]"), "p(*not bold* and [1])");
});

test("steps keep their numbers, and a list within a step stays within it", () => {
  assert.equal(
    blocks("3. Open **Billing**\n4. Choose one:\n   - card\n   - invoice\n5. Save"),
    "ol:3(li(Open strong(Billing))li(Choose one:ul(li(card)li(invoice)))li(Save))",
  );
});

test("a paragraph after a blank line ends a list", () => {
  assert.equal(blocks("- one\n- two\n\nThen wait."), "ul(li(one)li(two))p(Then wait.)");
});

test("items with blank lines between them are one list", () => {
  assert.equal(blocks("1. one\n\n2. two"), "ol:1(li(one)li(two))");
});

test("a table has a head and rows, and an escaped bar is no border", () => {
  assert.equal(
    blocks("| Plan | Price |\n|:--|--:|\n| Team | €84 |\n| a\\|b | *2* |"),
    "table(tr(th(Plan)th(Price))tr(td(Team)td(€84))tr(td(a|b)td(em(2))))",
  );
});

test("a corner of a table that says nothing heads nothing", () => {
  assert.equal(blocks("| | Team |\n|--|--|\n| Price | €84 |"), "table(tr(td()th(Team))tr(td(Price)td(€84)))");
});

test("fenced code is kept as it is, also where its end is missing", () => {
  assert.equal(blocks("```sh\n**x** <b>\n```\nafter"), "pre(code(**x** <b>))p(after)");
  assert.equal(blocks("```\nstill coming"), "pre(code(still coming))");
});

test("headings become bold lines and quotes stay quotes", () => {
  assert.equal(blocks("## Refunds\n> Within *5* days"), "p(strong(Refunds))blockquote(p(Within em(5) days))");
});

test("only http, https and mailto are linked", () => {
  assert.equal(
    blocks("[a](https://x.example/a_(b)) [m](mailto:a@b.example)"),
    "p(a:https://x.example/a_(b)(a) a:mailto:a@b.example(m))",
  );
  for (const address of [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "//x.example",
    "/help",
    "vbscript:x",
  ]) {
    assert.equal(blocks(`[a](${address})`), `p([a](${address}))`);
    assert.equal(safeAddress(address), undefined);
  }
  assert.equal(safeAddress("https://a b"), undefined);
  assert.equal(safeAddress("http://["), undefined);
});

test("a bare address is linked without the full stop after it", () => {
  assert.equal(
    blocks("See https://x.example/a?b=1. Or <mailto:a@b.example>"),
    "p(See a:https://x.example/a?b=1(https://x.example/a?b=1). Or a:mailto:a@b.example(a@b.example))",
  );
});

test("HTML is text", () => {
  const hostile = '<img src=x onerror="alert(1)"><script>alert(1)</script>&lt;b&gt;';
  assert.equal(blocks(hostile), `p(${hostile})`);
});

test("a line break is kept where it is asked for", () => {
  assert.equal(drawn(readMarkdown("one\ntwo")), "p(one two)");
  assert.equal(drawn(readMarkdown("one\ntwo", true)), "p(onebr()two)");
  assert.equal(drawn(readMarkdown("one  \ntwo")), "p(onebr()two)");
});

test("a hostile text does not keep the browser busy", () => {
  for (const piece of ["*a ", "**", "`", "[", "[a](", "> ", "- ", "_a", "|-", "1. ", "https://", "\\"]) {
    const begun = performance.now();
    readMarkdown(piece.repeat(32_768 / piece.length));
    readMarkdown(`${piece}\n`.repeat(8_000));
    assert.ok(performance.now() - begun < 2_000, `${piece} took ${performance.now() - begun} ms`);
  }
});

test("no word of a text is lost", () => {
  const words =
    "a **b** _c_ `d` [e](https://e.example) [f](f:f) * g\n- h\n\n| i | j |\n|--|--|\n| k | l |\n\n> m\n\n```\nn\n```";
  for (const letter of "abcdefghijklmn") assert.ok(plainWords(readMarkdown(words)).includes(letter), letter);
});

test("sources are not read out", () => {
  assert.equal(plainWords(readInline("Done. [1] Next.")), "Done.  Next.");
});
