import { type ReactNode, useEffect, useId, useRef } from "react";
import { Mark } from "../parts/small";

/** The page in front of the door. */
export function Entry({ title, lede, children }: { title: string; lede: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Answerable`;
  }, [title]);
  return (
    <main className="entry">
      <div className="entry-card">
        <div className="brand">
          <Mark />
          Answerable
        </div>
        <h1>{title}</h1>
        <p className="entry-lede">{lede}</p>
        {children}
      </div>
    </main>
  );
}

export function Field({
  label,
  value,
  onChange,
  type = "text",
  autoComplete,
  hint,
  isFirst = false,
  isWrong = false,
  minLength,
  placeholder,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  type?: "text" | "email" | "password" | "url";
  autoComplete?: string;
  hint?: string;
  isFirst?: boolean;
  isWrong?: boolean;
  minLength?: number;
  placeholder?: string;
}) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (isFirst) input.current?.focus();
  }, [isFirst]);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        ref={input}
        id={id}
        type={type}
        required
        dir="auto"
        value={value}
        minLength={minLength}
        placeholder={placeholder}
        autoComplete={autoComplete}
        aria-invalid={isWrong || undefined}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onChange(event.target.value)}
      />
      {hint && (
        <p id={`${id}-hint`} className="field-hint">
          {hint}
        </p>
      )}
    </div>
  );
}
