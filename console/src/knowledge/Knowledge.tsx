import { useQuery } from "@tanstack/react-query";
import { Menu as MenuIcon } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { Link, Route, Switch, useLocation } from "wouter";
import { useMe } from "../api/me";
import { sourcesQuery, statusQuery } from "../api/queries";
import { useIsNarrow } from "../shell/media";
import { NotHere } from "../shell/NotHere";
import { openMenu } from "../shell/overlays";
import { ArticleList } from "./ArticleList";
import { ArticlePage } from "./ArticlePage";
import { Finding } from "./Finding";
import { Sources } from "./Sources";
import { TrySearch } from "./TrySearch";

/** What the agent knows, where it comes from, and what a search in it finds. */
export default function Knowledge() {
  const me = useMe();
  useEffect(() => {
    document.title = `Knowledge · ${me.company}`;
  }, [me.company]);
  return (
    <Switch>
      <Route path="/knowledge/articles/:id">{({ id }) => <ArticlePage key={id} id={id} />}</Route>
      <Route path="/knowledge">
        <Page isTop>
          <ArticleList />
        </Page>
      </Route>
      <Route path="/knowledge/sources">
        <Page>
          <Sources />
        </Page>
      </Route>
      <Route path="/knowledge/search">
        <Page>
          <TrySearch />
        </Page>
      </Route>
      <Route component={NotHere} />
    </Switch>
  );
}

const TABS = [
  { to: "/knowledge", name: "Articles" },
  { to: "/knowledge/sources", name: "Sources" },
  { to: "/knowledge/search", name: "Try a search" },
];

function Page({ children, isTop = false }: { children: ReactNode; isTop?: boolean }) {
  const [location] = useLocation();
  const isNarrow = useIsNarrow();
  const { data: sources, failureReason } = useQuery(sourcesQuery);
  const { data: status } = useQuery(statusQuery);
  return (
    <div className="page">
      <div className="in">
        <div className="phead">
          {isNarrow && (
            <button type="button" className="btn ghost icon" aria-label="Menu" onClick={openMenu}>
              <MenuIcon className="i" aria-hidden="true" />
            </button>
          )}
          <h1>Knowledge</h1>
          <nav className="seg end" aria-label="Knowledge">
            {TABS.map(({ to, name }) => (
              <Link key={to} to={to} aria-current={location === to ? "page" : undefined}>
                {name}
              </Link>
            ))}
          </nav>
        </div>
        {isTop && <Finding sources={sources ?? (failureReason ? null : undefined)} status={status} />}
        {children}
      </div>
    </div>
  );
}
