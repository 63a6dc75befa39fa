/** Reads the Markdown that replies and articles use into a plain tree; nothing in it can become markup by itself. */

export type Inline =
  | { kind: "text"; text: string }
  | { kind: "code"; text: string }
  | { kind: "strong" | "em" | "del"; children: Inline[] }
  | { kind: "link"; href: string; children: Inline[] }
  | { kind: "image"; href: string; alt: string }
  | { kind: "cite"; number: number }
  | { kind: "break" };

export type Block =
  | { kind: "paragraph"; children: Inline[] }
  | { kind: "heading"; level: number; children: Inline[] }
  | { kind: "list"; ordered: boolean; start: number; items: Block[][] }
  | { kind: "quote"; children: Block[] }
  | { kind: "code"; language: string; text: string }
  | { kind: "table"; head: Inline[][]; rows: Inline[][][] }
  | { kind: "rule" };

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#.-]*)/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const RULE = /^ {0,3}([-*_])(\s*\1){2,}\s*$/;
const QUOTE = /^ {0,3}> ?/;
const ITEM = /^( *)([-*+]|\d{1,9}[.)])(\s+|$)/;
const TABLE_LINE = /^ {0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
/** Deeper nesting is shown flat: nobody writes it, and a hostile text could. */
const DEPTH_MAX = 8;

export function parseMarkdown(text: string, depth = 0): Block[] {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? "";
    if (!line.trim()) {
      at += 1;
      continue;
    }
    const [block, next] =
      fence(lines, at) ??
      single(line, at) ??
      (depth < DEPTH_MAX ? (quote(lines, at, depth) ?? list(lines, at, depth)) : null) ??
      table(lines, at) ??
      paragraph(lines, at);
    blocks.push(block);
    at = next;
  }
  return blocks;
}

type Read = [Block, number];

function fence(lines: string[], from: number): Read | null {
  const open = FENCE.exec(lines[from] ?? "");
  if (!open) return null;
  const mark = open[1] ?? "```";
  const isEnd = (line: string) => line.trim().startsWith(mark) && !line.trim().replaceAll(mark.charAt(0), "");
  let end = from + 1;
  while (end < lines.length && !isEnd(lines[end] ?? "")) end += 1;
  return [{ kind: "code", language: open[2] ?? "", text: lines.slice(from + 1, end).join("\n") }, end + 1];
}

function single(line: string, at: number): Read | null {
  const heading = HEADING.exec(line);
  if (heading) {
    return [{ kind: "heading", level: heading[1]?.length ?? 1, children: parseInline(heading[2] ?? "") }, at + 1];
  }
  return RULE.test(line) ? [{ kind: "rule" }, at + 1] : null;
}

function quote(lines: string[], from: number, depth: number): Read | null {
  let end = from;
  while (end < lines.length && QUOTE.test(lines[end] ?? "")) end += 1;
  if (end === from) return null;
  const inside = lines.slice(from, end).map((line) => line.replace(QUOTE, ""));
  return [{ kind: "quote", children: parseMarkdown(inside.join("\n"), depth + 1) }, end];
}

function list(lines: string[], from: number, depth: number): Read | null {
  const first = ITEM.exec(lines[from] ?? "");
  if (!first) return null;
  const indent = first[1]?.length ?? 0;
  const isOrdered = /\d/.test(first[2] ?? "");
  const items: string[][] = [];
  let at = from;
  for (; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    const item = ITEM.exec(line);
    const isSibling = item && (item[1]?.length ?? 0) <= indent + 1 && /\d/.test(item[2] ?? "") === isOrdered;
    if (isSibling) items.push([line.slice(item[0].length)]);
    else if (!line.trim() && isInside(lines[at + 1], indent)) items.at(-1)?.push("");
    else if (line.trim() && (isInside(line, indent) || (lines[at - 1]?.trim() && !startsBlock(line)))) {
      items.at(-1)?.push(dedent(line, indent + 2));
    } else if (!line.trim() && ITEM.test(lines[at + 1] ?? "")) continue;
    else break;
  }
  const start = Number.parseInt(first[2] ?? "1", 10);
  return [
    {
      kind: "list",
      ordered: isOrdered,
      start: Number.isNaN(start) ? 1 : start,
      items: items.map((item) => parseMarkdown(item.join("\n"), depth + 1)),
    },
    at,
  ];
}

const isInside = (line: string | undefined, indent: number) =>
  line !== undefined && /^ +\S/.test(line) && line.search(/\S/) >= indent + 2;
const dedent = (line: string, most: number) => line.slice(Math.min(most, Math.max(0, line.search(/\S/))));

function startsBlock(line: string): boolean {
  return FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line) || ITEM.test(line);
}

function table(lines: string[], from: number): Read | null {
  if (!(lines[from] ?? "").includes("|") || !TABLE_LINE.test(lines[from + 1] ?? "")) return null;
  if (!(lines[from + 1] ?? "").includes("-")) return null;
  let end = from + 2;
  while (end < lines.length && (lines[end] ?? "").includes("|")) end += 1;
  const rows = lines.slice(from + 2, end).map(cells);
  return [{ kind: "table", head: cells(lines[from] ?? ""), rows }, end];
}

function cells(line: string): Inline[][] {
  const inner = line
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "");
  return inner.split(/(?<!\\)\|/).map((cell) => parseInline(cell.trim().replaceAll("\\|", "|")));
}

function paragraph(lines: string[], from: number): Read {
  let end = from + 1;
  while (end < lines.length && (lines[end] ?? "").trim() && !startsBlock(lines[end] ?? "")) end += 1;
  const text = lines
    .slice(from, end)
    .map((line) => line.replace(/^ +/, ""))
    .join("\n");
  return [{ kind: "paragraph", children: parseInline(text) }, end];
}

const INLINE = new RegExp(
  [
    /\\([!-/:-@[-`{-~])/, // 1: escaped
    /(`+)([^`]|[^`][\s\S]*?[^`])\2(?!`)/, // 2, 3: code
    /!\[([^\]]*)\]\(<?([^\s)>]*)>?(?:\s+"[^"]*")?\)/, // 4, 5: image
    /\[(\d{1,3})\](?!\()/, // 6: citation
    /\[((?:[^[\]]|\[[^[\]]*\])*)\]\(<?([^\s)>]*)>?(?:\s+"[^"]*")?\)/, // 7, 8: link
    /\*\*(?=\S)([\s\S]*?\S)\*\*/, // 9: strong
    /(?<!\w)__(?=\S)([\s\S]*?\S)__(?!\w)/, // 10: strong
    /\*(?=[^\s*])([^*]*?[^\s*])\*/, // 11: emphasis
    /(?<!\w)_(?=[^\s_])([^_]*?[^\s_])_(?!\w)/, // 12: emphasis
    /~~(?=\S)([\s\S]*?\S)~~/, // 13: deleted
    /<?(https?:\/\/[^\s<>]*[^\s<>.,;:!?'")\]])>?/, // 14: bare address
    /( {2,}\n|\\\n)/, // 15: hard break
  ]
    .map((part) => part.source)
    .join("|"),
  "g",
);

export function parseInline(text: string, depth = 0): Inline[] {
  const out: Inline[] = [];
  const say = (words: string) => {
    if (words) out.push({ kind: "text", text: words });
  };
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    say(text.slice(from, found.index));
    out.push(depth < DEPTH_MAX ? inlineOf(found, depth) : { kind: "text", text: found[0] });
    from = found.index + found[0].length;
  }
  say(text.slice(from));
  return out;
}

function inlineOf(found: RegExpExecArray, depth: number): Inline {
  const [whole, escaped, , code, alt, source, cite, label, href, strong1, strong2, em1, em2, deleted, bare] = found;
  const inside = (words: string) => parseInline(words, depth + 1);
  if (escaped !== undefined) return { kind: "text", text: escaped };
  if (code !== undefined) return { kind: "code", text: code.replace(/^ (.*) $/, "$1") };
  if (source !== undefined) return { kind: "image", href: safeHref(source) ?? "", alt: alt ?? "" };
  if (cite !== undefined) return { kind: "cite", number: Number(cite) };
  if (label !== undefined) return linkTo(href ?? "", inside(label));
  if (strong1 !== undefined || strong2 !== undefined)
    return { kind: "strong", children: inside(strong1 ?? strong2 ?? "") };
  if (em1 !== undefined || em2 !== undefined) return { kind: "em", children: inside(em1 ?? em2 ?? "") };
  if (deleted !== undefined) return { kind: "del", children: inside(deleted) };
  if (bare !== undefined) return linkTo(bare, [{ kind: "text", text: bare }]);
  return whole.includes("\n") ? { kind: "break" } : { kind: "text", text: whole };
}

const linkTo = (href: string, children: Inline[]): Inline => {
  const safe = safeHref(href);
  return safe ? { kind: "link", href: safe, children } : { kind: "em", children };
};

/** An address that may be a link: web, mail and telephone, or a path on the same site. */
export function safeHref(href: string): string | null {
  // Browsers skip control characters and spaces in front of or within a scheme; so does this check.
  const bare = [...href].filter((char) => char > " " && char !== "\u007f").join("");
  if (/^(https?:\/\/|mailto:|tel:)/i.test(bare)) return bare;
  // Anything else with a colon in front of its path could be read as a scheme by somebody.
  return /^[^/?#]*:/.test(bare) || bare.startsWith("//") || bare === "" ? null : bare;
}

/** The words alone, a line for each block; headings are left out. */
export function plainText(text: string): string {
  const words = (parts: Inline[]): string =>
    parts
      .map((part) => {
        if (part.kind === "text" || part.kind === "code") return part.text;
        if (part.kind === "image") return part.alt;
        if (part.kind === "cite") return `[${part.number}]`;
        return part.kind === "break" ? " " : words(part.children);
      })
      .join("");
  const lines = (blocks: Block[]): string[] =>
    blocks.flatMap((block) => {
      if (block.kind === "paragraph") return [words(block.children).replaceAll("\n", " ")];
      if (block.kind === "list") {
        return block.items.map((item, at) => (block.ordered ? `${block.start + at}. ` : "• ") + lines(item).join(" "));
      }
      if (block.kind === "quote") return lines(block.children);
      if (block.kind === "code") return [block.text];
      return block.kind === "table" ? [block.head, ...block.rows].map((row) => row.map(words).join(", ")) : [];
    });
  return lines(parseMarkdown(text)).join("\n");
}
