import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { Markdown } from "../src/parts/Markdown";
import { parseInline, parseMarkdown, plainText, safeHref } from "../src/parts/markdown";

const html = (text: string) => renderToStaticMarkup(<Markdown text={text} />);

test("A reply's paragraphs, lists and emphasis come out as elements", () => {
  expect(html("You **can**.\n\n1. Open it\n2. Press `Save`\n   - or _leave_")).toBe(
    '<p dir="auto">You <strong>can</strong>.</p><ol start="1"><li dir="auto">Open it</li>' +
      '<li dir="auto">Press <code>Save</code><ul><li dir="auto">or <em>leave</em></li></ul></li></ol>',
  );
});

test("Where people wrote, a new line is a new line; where a model wrote, it is a space", () => {
  const text = "Dear **Ines\nCarvalho**,\nthank you.\n- one\n  and more\n\nMaya";
  expect(renderToStaticMarkup(<Markdown text={text} hasBreaks />)).toBe(
    '<p dir="auto">Dear <strong>Ines<br/>Carvalho</strong>,<br/>thank you.</p>' +
      '<ul><li dir="auto">one<br/>and more</li></ul><p dir="auto">Maya</p>',
  );
  expect(html(text)).not.toContain("<br/>");
});

test("Markup in a text stays text", () => {
  expect(html('<img src=x onerror="alert(1)"> <script>alert(1)</script>')).toBe(
    '<p dir="auto">&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &lt;script&gt;alert(1)&lt;/script&gt;</p>',
  );
});

test.each([
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "java\nscript:alert(1)",
  "\u0001javascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "vbscript:x",
  "//evil.example/x",
  "",
])("An address such as %j never becomes a link", (href) => {
  expect(safeHref(href)).toBeNull();
  expect(html(`[press](${href.replaceAll("\n", "%0a")})`)).not.toContain("<a ");
});

test.each(["https://a.example/x?y=1", "mailto:a@b.example", "/help/refunds", "#part"])("%s may be a link", (href) => {
  expect(safeHref(href)).toBe(href);
});

test("A number in brackets is a citation, but not in front of an address", () => {
  expect(parseInline("So it is.[2] See [1](https://a.example)")).toMatchObject([
    { kind: "text", text: "So it is." },
    { kind: "cite", number: 2 },
    { kind: "text", text: " See " },
    { kind: "link", href: "https://a.example" },
  ]);
});

test("A citation that no source has stays as it was written", () => {
  expect(html("Five days.[7]")).toBe('<p dir="auto">Five days.[7]</p>');
});

test("A table has a head and rows", () => {
  const [table] = parseMarkdown("| Plan | Price |\n|---|--:|\n| Solo | €12 |\n| Team | €84 |");
  expect(table).toMatchObject({ kind: "table", head: [[{ text: "Plan" }], [{ text: "Price" }]] });
  expect(table?.kind === "table" && table.rows).toHaveLength(2);
});

test("Code keeps its spaces and its marks", () => {
  expect(parseMarkdown("```json\n{ **a**: 1 }\n\n  b\n```\nafter")).toMatchObject([
    { kind: "code", language: "json", text: "{ **a**: 1 }\n\n  b" },
    { kind: "paragraph" },
  ]);
});

test("Underscores within a word are not emphasis", () => {
  expect(parseInline("snake_case_name")).toEqual([{ kind: "text", text: "snake_case_name" }]);
});

test.each([
  "> ".repeat(500),
  "- ".repeat(500),
  "*".repeat(20_000),
  "[".repeat(5_000),
  "`".repeat(5_001),
  "| ".repeat(4_000),
])("A hostile text is read in no time (%#)", (text) => {
  const started = performance.now();
  html(text);
  expect(performance.now() - started).toBeLessThan(400);
});

test.each(["", "   ", "\n\n", "-", ">", "#", "```", "|", "1.", "[]()", "![]()", "**", "a\\"])(
  "The scrap %j is read without an error",
  (text) => {
    expect(() => html(text)).not.toThrow();
  },
);

test("A passage's words can be shown without its marks", () => {
  expect(plainText("## Tax\n\nGo to **Settings › [Taxes](/x)**.\n\n1. Enter it\n2. Press `Check`")).toBe(
    "Go to Settings › Taxes.\n1. Enter it\n2. Press Check",
  );
});
