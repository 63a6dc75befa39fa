/** The small pieces that every screen uses. */

import { CircleAlert, WifiOff } from "lucide-react";
import type { CSSProperties, ReactNode } from "react";
import { Problem } from "../api/client";
import { hue, initials, moment } from "./words";

export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" className={className}>
      <rect x="1" y="1" width="22" height="22" rx="6.5" fill="var(--ink)" />
      <g fill="var(--on-ink)">
        <rect x="5.5" y="13" width="3" height="5" rx="1" />
        <rect x="10.5" y="6" width="3" height="12" rx="1" />
        <rect x="15.5" y="10" width="3" height="8" rx="1" fill="var(--k-action)" />
      </g>
    </svg>
  );
}

/** A person's initials, in a colour that is steady for their id. */
export function Avatar({ id, name, isLarge = false }: { id: string; name: string; isLarge?: boolean }) {
  const style = { "--av": `oklch(.58 .11 ${hue(id)})` } as CSSProperties;
  return (
    <span className={isLarge ? "av lg" : "av"} style={style} aria-hidden="true">
      {initials(name)}
    </span>
  );
}

export function AgentAvatar({ isLarge = false }: { isLarge?: boolean }) {
  return (
    <span className={isLarge ? "av lg ai" : "av ai"} aria-hidden="true">
      <svg viewBox="0 0 14 14" fill="currentColor" aria-hidden="true">
        <rect x="1.5" y="7" width="2.6" height="4.5" rx=".9" />
        <rect x="5.7" y="2.5" width="2.6" height="9" rx=".9" />
        <rect x="9.9" y="5" width="2.6" height="6.5" rx=".9" />
      </svg>
    </span>
  );
}

export function Time({ value, children }: { value: string; children: ReactNode }) {
  return (
    <time dateTime={value} title={moment(value)}>
      {children}
    </time>
  );
}

export function Kbd({ children }: { children: ReactNode }) {
  return <kbd aria-hidden="true">{children}</kbd>;
}

/** What a screen says when there is nothing to show: what would stand here, and how it gets here. */
export function Empty({
  icon,
  title,
  children,
  isPage = false,
}: {
  icon: ReactNode;
  title: string;
  children?: ReactNode;
  /** Whether it is all that the page says. */
  isPage?: boolean;
}) {
  const Title = isPage ? "h1" : "h2";
  return (
    <div className="empty">
      <span className="empty-icon" aria-hidden="true">
        {icon}
      </span>
      <Title>{title}</Title>
      <div className="empty-words">{children}</div>
    </div>
  );
}

/** What went wrong, in a sentence, with a way on. */
export function Failed({
  error,
  onRetry,
  what,
  isPage = false,
  sentence = "Something in the console went wrong.",
}: {
  error: Error;
  onRetry?: () => void;
  what: string;
  /** Nothing else on the page has a heading. */
  isPage?: boolean;
  /** Said where the error has no words for a person. */
  sentence?: string;
}) {
  const isOffline = error instanceof Problem && error.status === 0;
  const isMissing = error instanceof Problem && error.status === 404;
  const Heading = isPage ? "h1" : "h2";
  return (
    <div className="empty" role="alert">
      <span className="empty-icon bad" aria-hidden="true">
        {isOffline ? <WifiOff className="i" /> : <CircleAlert className="i" />}
      </span>
      <Heading>{isMissing ? `This ${what} is not here` : `Could not load this ${what}`}</Heading>
      <div className="empty-words">
        <p>{error instanceof Problem ? error.message : sentence}</p>
        {error instanceof Problem && error.mayHelpToRetry && <p className="dim">It is tried again by itself.</p>}
        {onRetry && !isMissing && (
          <button type="button" className="btn" onClick={onRetry}>
            Try again
          </button>
        )}
      </div>
    </div>
  );
}

/** Grey bars in the place of what is being loaded. */
export function Skeleton({ width, height = 10 }: { width: number | string; height?: number }) {
  return <span className="skeleton" style={{ width, height }} aria-hidden="true" />;
}

export function Loading({ what, children }: { what: string; children: ReactNode }) {
  return (
    <div aria-busy="true" className="loading">
      <span className="sr">Loading {what}</span>
      {children}
    </div>
  );
}
