/** What a step is called, and the picture that stands for it. */

import {
  BookOpen,
  Bot,
  Hand,
  ListChecks,
  type LucideIcon,
  PenLine,
  Plug,
  Scale,
  ScanText,
  ShieldAlert,
  ShieldCheck,
  ShieldX,
  Tag,
} from "lucide-react";
import type { Json, SpanCard, SpanKind } from "../api/types";

const KIND_NAMES: Record<SpanKind, string> = {
  agent: "Agent",
  model: "Ask the model",
  retrieval: "Retrieve",
  action: "Action",
  classifier: "Understand",
  guard: "Verify answer",
  handoff: "Hand over",
  grader: "Grade",
  policy: "Policy",
};

const KIND_ICONS: Record<SpanKind, LucideIcon> = {
  agent: Bot,
  model: PenLine,
  retrieval: BookOpen,
  action: Plug,
  classifier: Tag,
  guard: ListChecks,
  handoff: Hand,
  grader: Scale,
  policy: ShieldCheck,
};

/** Whether the name is code, such as `billing.refund`, and is shown as such. */
export const isCode = (span: SpanCard) => /^[a-z0-9_]+(\.[a-z0-9_]+)+$/.test(span.name);

export function stepTitle(span: Pick<SpanCard, "kind" | "name">): string {
  const name = span.name.trim();
  if (!name || name === span.kind) return KIND_NAMES[span.kind];
  if (span.kind === "action" || /[.]/.test(name)) return name;
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function StepIcon({ span }: { span: SpanCard }) {
  const isReading =
    (span.kind === "model" || span.kind === "classifier") && /understand|condense|read|classif/i.test(span.name);
  const ruling = RULINGS[rulingOf(span)];
  const Icon = isReading ? ScanText : span.kind === "policy" ? ruling.icon : KIND_ICONS[span.kind];
  return <Icon className={span.kind === "policy" ? `i ki ${ruling.tone}` : "i ki"} aria-hidden="true" />;
}

type Ruling = "passes" | "needs_a_person" | "refuses";

const RULINGS: Record<Ruling, { icon: LucideIcon; tone: string }> = {
  passes: { icon: ShieldCheck, tone: "" },
  needs_a_person: { icon: ShieldAlert, tone: "warn" },
  refuses: { icon: ShieldX, tone: "bad" },
};
const PROVED = ["anonymous", "known", "verified", "stepped_up"];

/** What a look into the policy ended in: clauses that were read, or what the customer had proved. */
export function rulingOf({ input, output }: Pick<SpanCard, "input" | "output">): Ruling {
  if (Array.isArray(output)) {
    const holding = output.flatMap((each) => (isObject(each) && each.holds === true ? [each.effect] : []));
    if (holding.includes("forbids") || (output.length > 0 && !holding.includes("allows"))) return "refuses";
    return holding.includes("needs_approval") ? "needs_a_person" : "passes";
  }
  if (!isObject(output) || !isObject(input) || !("needs" in input)) return "passes";
  return PROVED.indexOf(String(output.identity)) < PROVED.indexOf(String(input.needs)) ? "refuses" : "passes";
}

const isObject = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export interface Step {
  span: SpanCard;
  children: Step[];
}

/** The steps under their parents. A single agent that encloses everything is left out: its steps are the run's. */
export function stepsOf(spans: SpanCard[]): Step[] {
  const known = new Set(spans.map((span) => span.id));
  const byParent = new Map<string | null, SpanCard[]>();
  for (const span of spans) {
    const parent = span.parent_id !== null && known.has(span.parent_id) ? span.parent_id : null;
    byParent.set(parent, [...(byParent.get(parent) ?? []), span]);
  }
  const under = (parent: string | null): Step[] =>
    (byParent.get(parent) ?? []).map((span) => ({ span, children: under(span.id) }));
  const top = under(null);
  const [only] = top;
  return top.length === 1 && only && only.span.kind === "agent" && only.children.length > 0 ? only.children : top;
}

export interface Tick {
  us: number;
  label: string;
}

/** Two or three round times for the axis, and its end; in seconds, or in the milliseconds of the column beside it. */
export function axisOf(total: number): { ticks: Tick[]; step: number; end: string } {
  const rough = total / 3;
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 1)));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.9) ?? power;
  const isLong = total >= 1e6;
  const digits = (us: number) => String(Number((us / (isLong ? 1e6 : 1000)).toPrecision(2)));
  const ticks: Tick[] = [];
  for (let us = step; us < total * 0.74; us += step) ticks.push({ us, label: isLong ? `${digits(us)} s` : digits(us) });
  return {
    ticks,
    step,
    end: isLong ? digits(total) : String(Number((total / 1000).toPrecision(total < 100_000 ? 2 : 3))),
  };
}
