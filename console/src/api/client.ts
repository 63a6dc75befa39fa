/** One way to the server: JSON in and out, and every failure a `Problem` with a sentence for a person. */

import { tellReach } from "./reach";

export class Problem extends Error {
  readonly status: number;
  readonly title: string;
  readonly mayHelpToRetry: boolean;

  constructor(status: number, title: string, detail: string, mayHelpToRetry: boolean) {
    super(detail);
    this.status = status;
    this.title = title;
    this.mayHelpToRetry = mayHelpToRetry;
  }
}

interface Call {
  method?: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  body?: unknown;
  /** Makes a resend harmless. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export async function call<T>(path: string, { method = "GET", body, idempotencyKey, signal }: Call = {}): Promise<T> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (method !== "GET") headers["x-csrftoken"] = cookie("csrftoken");
  if (idempotencyKey) headers["idempotency-key"] = idempotencyKey;
  const init: RequestInit = { method, headers, credentials: "same-origin" };
  if (body !== undefined) init.body = JSON.stringify(body);
  if (signal) init.signal = signal;

  const response = await fetch(`/api${path}`, init).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    tellReach(false);
    throw new Problem(0, "No connection", "Answerable cannot be reached. Check the connection.", true);
  });
  tellReach(true);
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

/** An address with the parameters that are set. */
export function address(path: string, parameters: Record<string, string | number | null | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== "") query.set(name, String(value));
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

async function problemOf(response: Response): Promise<Problem> {
  const said = (await response.json().catch(() => null)) as { title?: unknown; detail?: unknown } | null;
  const title = typeof said?.title === "string" ? said.title : `Error ${response.status}`;
  const detail =
    typeof said?.detail === "string" ? said.detail : "The server could not do this. Try again in a moment.";
  const told = said && "may_help_to_retry" in said && said.may_help_to_retry === true;
  return new Problem(response.status, title, detail, told || response.status >= 500 || response.status === 429);
}

function cookie(name: string): string {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
}
