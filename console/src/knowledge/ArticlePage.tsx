import { Tabs } from "@base-ui/react/tabs";
import { useQuery } from "@tanstack/react-query";
import { ArrowLeft, ArrowUpRight } from "lucide-react";
import { useEffect, useRef } from "react";
import { Link, useSearchParams } from "wouter";
import { useFault } from "../api/faults";
import { useMe } from "../api/me";
import { articleQuery } from "../api/queries";
import type { ArticleDetail } from "../api/types";
import { Markdown } from "../parts/Markdown";
import { Failed, Loading, Skeleton } from "../parts/small";
import { day, language, number, plural } from "../parts/words";

/** An article as it is in force: its text, the passages that can be found, and its revisions. */
export function ArticlePage({ id }: { id: string }) {
  const asked = useQuery(articleQuery(id));
  const { data } = asked;
  const { fault, again } = useFault(asked, articleQuery(id).queryKey);
  const me = useMe();
  const title = data?.row.title;
  useEffect(() => {
    if (title) document.title = `${title} · ${me.company}`;
  }, [title, me.company]);
  return (
    <div className="page">
      <div className="in">
        <div className="phead">
          <Link className="btn ghost icon" to="/knowledge" aria-label="Back to all articles">
            <ArrowLeft className="i" aria-hidden="true" />
          </Link>
          <span className="dim">Knowledge</span>
        </div>
        {data ? (
          <Article detail={data} />
        ) : fault ? (
          <Failed error={fault} what="article" isPage onRetry={again} />
        ) : (
          <Loading what="the article">
            <div className="article lines">
              <Skeleton width="55%" height={28} />
              <Skeleton width="30%" />
              <Skeleton width="100%" />
              <Skeleton width="92%" />
              <Skeleton width="96%" />
            </div>
          </Loading>
        )}
      </div>
    </div>
  );
}

function Article({ detail }: { detail: ArticleDetail }) {
  const { row } = detail;
  const [search, setSearch] = useSearchParams();
  const passage = search.get("passage");
  const tab = search.get("show") ?? (passage ? "passages" : "text");
  return (
    <article className="article">
      <h1 dir="auto">{row.title}</h1>
      <p className="article-facts">
        {[
          row.section,
          language(row.language),
          `revision ${row.revision}`,
          `revised ${day(row.revised_at)}`,
          plural(row.words, "word"),
        ]
          .filter(Boolean)
          .join(" · ")}
        {row.url && (
          <a href={row.url} target="_blank" rel="noreferrer noopener">
            Original
            <ArrowUpRight className="i i-12" aria-hidden="true" />
          </a>
        )}
      </p>
      <Tabs.Root value={tab} onValueChange={(value) => setSearch({ show: String(value) }, { replace: true })}>
        <Tabs.List className="tabs" aria-label="Article">
          <Tabs.Tab value="text">Text</Tabs.Tab>
          <Tabs.Tab value="passages">
            Passages <span className="dim num">{number(detail.passages.length)}</span>
          </Tabs.Tab>
          <Tabs.Tab value="revisions">
            Revisions <span className="dim num">{number(detail.revisions.length)}</span>
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="text" className="body prose">
          <Markdown text={withoutTitle(detail.text, row.title)} />
        </Tabs.Panel>
        <Tabs.Panel value="passages">
          <Passages detail={detail} chosen={passage} />
        </Tabs.Panel>
        <Tabs.Panel value="revisions">
          <Revisions detail={detail} />
        </Tabs.Panel>
      </Tabs.Root>
    </article>
  );
}

/** Many texts begin with their own title; the page has already said it. */
function withoutTitle(text: string, title: string): string {
  const [first = "", ...rest] = text.trimStart().split("\n");
  return first.replace(/^#+\s*/, "").trim() === title.trim() && first.startsWith("#") ? rest.join("\n") : text;
}

function Passages({ detail, chosen }: { detail: ArticleDetail; chosen: string | null }) {
  const here = useRef<HTMLLIElement>(null);
  useEffect(() => {
    here.current?.scrollIntoView({ block: "center" });
  }, []);
  return (
    <ol className="pieces">
      {detail.passages.map((passage) => (
        <li
          key={passage.id}
          ref={passage.id === chosen ? here : undefined}
          className={passage.id === chosen ? "chosen" : undefined}
          aria-current={passage.id === chosen ? "true" : undefined}
        >
          <span className="num dim">{passage.number}</span>
          <div>
            {passage.heading_path.length > 0 && (
              <div className="passage-path" dir="auto">
                {passage.heading_path.join(" › ")}
              </div>
            )}
            <div className="body">
              <Markdown text={passage.text} />
            </div>
          </div>
        </li>
      ))}
    </ol>
  );
}

function Revisions({ detail }: { detail: ArticleDetail }) {
  return (
    <table className="revisions">
      <thead>
        <tr>
          <th>Revision</th>
          <th>Title</th>
          <th>In force</th>
          <th className="r">Made</th>
        </tr>
      </thead>
      <tbody>
        {[...detail.revisions]
          .sort((a, b) => b.number - a.number)
          .map((revision) => (
            <tr key={revision.id}>
              <td className="num">{revision.number}</td>
              <td className="trunc" dir="auto">
                {revision.title}
              </td>
              <td className="num">
                {revision.to_release === null ? (
                  <span className="good">since r{revision.from_release}</span>
                ) : (
                  <span className="dim">
                    r{revision.from_release} to r{revision.to_release - 1}
                  </span>
                )}
              </td>
              <td className="r num dim">{day(revision.created_at)}</td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}
