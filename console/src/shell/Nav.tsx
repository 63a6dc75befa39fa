import { useQuery } from "@tanstack/react-query";
import { Activity, Archive, BookOpen, Clock, Hand, Inbox, Search, UserRound, UsersRound, Zap } from "lucide-react";
import type { ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { useMe } from "../api/me";
import { countsQuery } from "../api/queries";
import type { View } from "../api/types";
import { VIEWS } from "../inbox/views";
import { Mark } from "../parts/small";
import { number } from "../parts/words";
import { keysShown } from "./commands";
import { MeMenu } from "./MeMenu";
import { ReleaseCard } from "./ReleaseCard";

const ICONS: Record<View, ReactNode> = {
  needs_you: <Inbox className="i" aria-hidden="true" />,
  mine: <UserRound className="i" aria-hidden="true" />,
  with_ai: <Activity className="i" aria-hidden="true" />,
  waiting: <Clock className="i" aria-hidden="true" />,
  all: <Archive className="i" aria-hidden="true" />,
};

export function Nav({ onPalette, onGo }: { onPalette: () => void; onGo?: () => void }) {
  const me = useMe();
  const { data: counts } = useQuery(countsQuery);
  return (
    <nav className="nav" aria-label="Main">
      <div className="brand">
        <Mark />
        <span className="trunc" dir="auto">
          {me.company}
        </span>
      </div>
      <button type="button" className="jump" onClick={onPalette}>
        <Search className="i i-14" aria-hidden="true" />
        Search or jump
        <kbd className="end" aria-hidden="true">
          {keysShown("mod+k")}
        </kbd>
      </button>
      {VIEWS.map(({ view, slug, name }) => (
        <NavLink key={view} to={`/inbox/${slug}`} icon={ICONS[view]} name={name} onGo={onGo}>
          {counts && view !== "all" && (
            <span className={view === "needs_you" && counts.needs_you > 0 ? "ct hot" : "ct"}>
              {number(counts[view])}
            </span>
          )}
        </NavLink>
      ))}
      <NavLink to="/approvals" icon={<Hand className="i" aria-hidden="true" />} name="Approvals" onGo={onGo}>
        {counts && counts.approvals > 0 && (
          <span className="ct hot">
            {number(counts.approvals)}
            <span className="sr"> for you to decide</span>
          </span>
        )}
      </NavLink>
      <NavLink to="/actions" icon={<Zap className="i" aria-hidden="true" />} name="Actions" onGo={onGo} />
      <h2>Improve</h2>
      <NavLink to="/knowledge" icon={<BookOpen className="i" aria-hidden="true" />} name="Knowledge" onGo={onGo} />
      <h2>Team</h2>
      <NavLink to="/people" icon={<UsersRound className="i" aria-hidden="true" />} name="People" onGo={onGo} />
      <div className="nav-foot">
        <ReleaseCard />
        <MeMenu />
      </div>
    </nav>
  );
}

function NavLink({
  to,
  icon,
  name,
  children,
  onGo,
}: {
  to: string;
  icon: ReactNode;
  name: string;
  children?: ReactNode;
  onGo: (() => void) | undefined;
}) {
  const [location] = useLocation();
  const isHere = location === to || location.startsWith(`${to}/`);
  return (
    <Link to={to} aria-current={isHere ? "page" : undefined} {...(onGo ? { onClick: onGo } : {})}>
      {icon}
      <span className="trunc">{name}</span>
      {children}
    </Link>
  );
}
