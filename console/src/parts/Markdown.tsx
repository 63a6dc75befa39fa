import { Fragment, type JSX, type ReactNode, useMemo } from "react";
import type { CitationCard } from "../api/types";
import { CitationChip } from "./CitationChip";
import { type Block, type Inline, parseMarkdown } from "./markdown";

interface Said {
  citations: CitationCard[];
  isPending: boolean;
  hasBreaks: boolean;
  /** The level of the highest heading in the text; it comes right after the page's own. */
  topHeading: number;
}

/** A reply or an article as elements. Where citations are given, `[1]` opens its source. */
export function Markdown({
  text,
  citations = [],
  hasBreaks = false,
  caret,
}: {
  text: string;
  citations?: CitationCard[];
  /** Whether a new line in the text is one to the reader too, as for people who press Enter. */
  hasBreaks?: boolean;
  /** Shown at the end of the last paragraph while the text is still being written. */
  caret?: ReactNode;
}) {
  const blocks = useMemo(() => parseMarkdown(text), [text]);
  const topHeading = Math.min(...blocks.map((block) => (block.kind === "heading" ? block.level : 6)));
  const said = { citations, isPending: caret !== undefined, hasBreaks, topHeading };
  return blocks.map((block, place) => (
    <Fragment key={place}>{blockOf(block, said, place === blocks.length - 1 ? caret : undefined)}</Fragment>
  ));
}

function blockOf(block: Block, said: Said, caret?: ReactNode): ReactNode {
  const inline = (parts: Inline[]) => parts.map((part, place) => inlineOf(part, said, place));
  switch (block.kind) {
    case "paragraph":
      return (
        <p dir="auto">
          {inline(block.children)}
          {caret}
        </p>
      );
    case "heading": {
      const Tag = `h${Math.min(6, block.level - said.topHeading + 2)}` as keyof JSX.IntrinsicElements;
      return (
        <Tag dir="auto" className={`md-h md-h${block.level}`}>
          {inline(block.children)}
        </Tag>
      );
    }
    case "list": {
      const items = block.items.map((item, place) => (
        <li key={place} dir="auto">
          {itemOf(item, said, place === block.items.length - 1 ? caret : undefined)}
        </li>
      ));
      return block.ordered ? <ol start={block.start}>{items}</ol> : <ul>{items}</ul>;
    }
    case "quote":
      return (
        <blockquote>
          {block.children.map((child, place) => (
            <Fragment key={place}>{blockOf(child, said)}</Fragment>
          ))}
        </blockquote>
      );
    case "code":
      return (
        <pre>
          <code>{block.text}</code>
        </pre>
      );
    case "table":
      return (
        <div className="md-table">
          <table>
            <thead>
              <tr>
                {block.head.map((cell, place) => (
                  <th key={place}>{inline(cell)}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {block.rows.map((row, at) => (
                <tr key={at}>
                  {row.map((cell, place) => (
                    <td key={place}>{inline(cell)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    case "rule":
      return <hr />;
  }
}

/** A list item of one paragraph stands without its own `<p>`. */
function itemOf(blocks: Block[], said: Said, caret?: ReactNode): ReactNode {
  return blocks.map((block, place) => {
    const end = place === blocks.length - 1 ? caret : undefined;
    if (place === 0 && block.kind === "paragraph") {
      return (
        <Fragment key={place}>
          {block.children.map((part, at) => inlineOf(part, said, at))}
          {end}
        </Fragment>
      );
    }
    return <Fragment key={place}>{blockOf(block, said, end)}</Fragment>;
  });
}

const withBreaks = (text: string): ReactNode =>
  text.split("\n").map((line, place) => (
    <Fragment key={place}>
      {place > 0 && <br />}
      {line}
    </Fragment>
  ));

function inlineOf(part: Inline, said: Said, key: number): ReactNode {
  const inside = (parts: Inline[]) => parts.map((child, place) => inlineOf(child, said, place));
  switch (part.kind) {
    case "text":
      return said.hasBreaks ? withBreaks(part.text) : part.text;
    case "code":
      return <code key={key}>{part.text}</code>;
    case "strong":
      return <strong key={key}>{inside(part.children)}</strong>;
    case "em":
      return <em key={key}>{inside(part.children)}</em>;
    case "del":
      return <s key={key}>{inside(part.children)}</s>;
    case "link":
      return (
        <a key={key} href={part.href} target="_blank" rel="noreferrer noopener">
          {inside(part.children)}
        </a>
      );
    case "image":
      // The content policy lets no outside picture in: its words stand for it, and lead to it.
      return part.href ? (
        <a key={key} href={part.href} target="_blank" rel="noreferrer noopener">
          {part.alt || "Picture"}
        </a>
      ) : (
        part.alt
      );
    case "cite": {
      const citation = said.citations.find((one) => one.number === part.number);
      if (citation) return <CitationChip key={key} citation={citation} />;
      // While a reply is being written its sources are not known yet.
      return said.isPending ? (
        <span key={key} className="cite">
          {part.number}
        </span>
      ) : (
        `[${part.number}]`
      );
    }
    case "break":
      return <br key={key} />;
  }
}
