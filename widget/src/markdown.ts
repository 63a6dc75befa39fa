/** Reads the small part of Markdown that replies use into a tree; whatever it does not know stays text. */

export type Tag =
  | "p"
  | "strong"
  | "em"
  | "code"
  | "pre"
  | "ul"
  | "ol"
  | "li"
  | "br"
  | "a"
  | "cite"
  | "table"
  | "tr"
  | "th"
  | "td"
  | "blockquote";

export interface Piece {
  tag: Tag;
  of: Part[];
  /** Of a link, always http, https or mailto; of a citation, its number; of a numbered list, its first number. */
  to?: string | undefined;
}

export type Part = string | Piece;

// Replies nest two or three levels deep; a hostile one must not exhaust the stack.
const DEPTH_MAX = 6;

const FENCE = /^\s*(```|~~~)/;
const HEADING = /^#{1,6}\s+(.*?)\s*#*$/;
const QUOTE = /^\s*> ?/;
const ITEM = /^(\s*)(?:[-*+]|(\d{1,9})[.)])\s+(?=\S)/;
const RULE = /^[\s|:-]*-[\s|:-]*$/;

// No part of this looks further than 2,000 characters ahead, so that a hostile text cannot keep the browser busy.
const INLINE = new RegExp(
  [
    "\\\\([!-/:-@[-`{-~])", // 1: the character that is escaped
    "(?<!`)(`+)(?!`)(.{1,2000}?)(?<!`)\\2(?!`)", // 3: code
    String.raw`(\*\*|__)(?=\S)(.{0,2000}?\S)\4`, // 5: strong
    String.raw`\*(?=[^\s*])(.{0,2000}?[^\s*])\*(?!\*)`, // 6: emphasis
    String.raw`(?<!\w)_(?=[^\s_])(.{0,2000}?[^\s_])_(?!\w)`, // 7: emphasis, but not in a_long_name
    String.raw`\[(\d{1,3})\](?!\()`, // 8: the number of a source
    String.raw`!?\[([^[\]]{1,500})\]\(<?((?:[^\s()<>]|\([^\s()<>]{0,99}\)){1,2000})>?\)`, // 9, 10: link
    String.raw`<?(?<!\w)((?:https?:\/\/|mailto:)[^\s<>"]{0,2000}[^\s<>".,;:!?)\]}*_])>?`, // 11: bare address
    String.raw`( {2}|\\)?\n`, // 12: the mark of a hard break
  ].join("|"),
  "gsu",
);

export function readMarkdown(text: string, breaks = false): Piece[] {
  return readBlocks(text.split(/\r\n?|\n/), breaks, 0);
}

function readBlocks(lines: string[], breaks: boolean, depth: number): Piece[] {
  const blocks: Piece[] = [];
  for (let at = 0; at < lines.length; ) {
    const from = at;
    const line = lines[at++] ?? "";
    const fence = FENCE.exec(line)?.[1];
    const heading = HEADING.exec(line);
    const nests = depth < DEPTH_MAX;
    const take = (belongs: (line: string) => unknown) => {
      while (at < lines.length && belongs(lines[at] ?? "")) at++;
      return lines.slice(from, at);
    };
    if (!line.trim()) continue;
    if (fence) {
      const code = take((each) => !each.trim().startsWith(fence)).slice(1);
      blocks.push(piece("pre", [piece("code", [code.join("\n")])]));
      at++;
    } else if (heading) {
      blocks.push(piece("p", [piece("strong", readInline(heading[1] ?? "", breaks))]));
    } else if (nests && QUOTE.test(line)) {
      const quoted = take((each) => QUOTE.test(each)).map((each) => each.replace(QUOTE, ""));
      blocks.push(piece("blockquote", readBlocks(quoted, breaks, depth + 1)));
    } else if (nests && ITEM.test(line)) {
      const belongs = belongsToList(line);
      let before = line;
      const list = take((each) => {
        const isPart = belongs(each, before);
        before = each;
        return isPart;
      });
      blocks.push(readList(list, breaks, depth));
    } else if (beginsTable(lines, from)) {
      blocks.push(
        readTable(
          take((each) => each.includes("|")),
          breaks,
        ),
      );
    } else {
      const words = take(() => !beginsBlock(lines, at));
      blocks.push(piece("p", readInline(words.join("\n"), breaks)));
    }
  }
  return blocks;
}

function piece(tag: Tag, of: Part[], to?: string): Piece {
  return { tag, of, to };
}

function beginsBlock(lines: string[], at: number): boolean {
  const line = lines[at] ?? "";
  return !line.trim() || [FENCE, HEADING, QUOTE, ITEM].some((rule) => rule.test(line)) || beginsTable(lines, at);
}

function beginsTable(lines: string[], at: number): boolean {
  const rule = lines[at + 1] ?? "";
  return !!lines[at]?.includes("|") && rule.includes("|") && RULE.test(rule);
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function numberOf(line: string): string | undefined {
  return ITEM.exec(line)?.[2];
}

function belongsToList(first: string): (line: string, before: string) => boolean {
  return (line, before) =>
    !line.trim() ||
    indentOf(line) > indentOf(first) ||
    (ITEM.test(line) ? !numberOf(line) === !numberOf(first) : !!before.trim() && !beginsBlock([line], 0));
}

function readList(lines: string[], breaks: boolean, depth: number): Piece {
  const first = lines[0] ?? "";
  const indent = indentOf(first);
  const items: string[][] = [];
  for (const line of lines) {
    const marker = ITEM.exec(line)?.[0];
    // A marker that stands hardly further in than the first one is the next item, not a list within it.
    if (marker && indentOf(line) < indent + 2) items.push([line.slice(marker.length)]);
    else items.at(-1)?.push(line.slice(Math.min(indentOf(line), indent + (numberOf(first) ? 3 : 2))));
  }
  const of = items.map((item) => {
    const [only, ...others] = readBlocks(item, breaks, depth + 1);
    return piece("li", only?.tag === "p" ? [...only.of, ...others] : only ? [only, ...others] : []);
  });
  const number = numberOf(first);
  return piece(number ? "ol" : "ul", of, number);
}

function readTable(lines: string[], breaks: boolean): Piece {
  const rows = lines.map((line) =>
    line
      .trim()
      .replace(/^\||(?<!\\)\|$/g, "")
      .split(/(?<!\\)\|/),
  );
  const of = rows.map((row, at) =>
    piece(
      "tr",
      row.map((cell) => piece(at || !cell.trim() ? "td" : "th", readInline(cell.trim().replaceAll("\\|", "|"), breaks))),
    ),
  );
  // The second line is only the rule under the head.
  return piece("table", of.toSpliced(1, 1));
}

export function readInline(text: string, breaks = false, depth = 0): Part[] {
  const parts: Part[] = [];
  let end = 0;
  if (depth > DEPTH_MAX) return [text];
  for (const found of text.matchAll(INLINE)) {
    parts.push(text.slice(end, found.index), readFound(found, breaks, depth + 1));
    end = found.index + found[0].length;
  }
  return [...parts, text.slice(end)];
}

function readFound(found: RegExpExecArray, breaks: boolean, depth: number): Part {
  const [all, escaped, , code, , strong, starred, underlined, number, label, target, bare, hard] = found;
  const emphasis = starred ?? underlined;
  const address = safeAddress(target ?? bare);
  if (escaped) return escaped;
  if (code) return piece("code", [code.replace(/^ (.+) $/s, "$1")]);
  if (strong) return piece("strong", readInline(strong, breaks, depth));
  if (emphasis) return piece("em", readInline(emphasis, breaks, depth));
  if (number) return piece("cite", [], number);
  if (address) return piece("a", bare ? [bare.replace("mailto:", "")] : readInline(label ?? "", false, depth), address);
  if (all.endsWith("\n")) return hard || breaks ? piece("br", []) : " ";
  return all;
}

/** The address if it is one that a reply may link to. */
export function safeAddress(address: string | null | undefined): string | undefined {
  return address && /^(https?:\/\/|mailto:)\S+$/i.test(address) && URL.canParse(address) ? address : undefined;
}

/** The words alone, as a screen reader should say them. */
export function plainWords(parts: Part[]): string {
  return parts
    .map((part) => {
      if (typeof part === "string") return part;
      return plainWords(part.of) + (/^(a|code|strong|em|cite)$/.test(part.tag) ? "" : " ");
    })
    .join("");
}
