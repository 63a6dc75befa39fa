import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Redirect, useSearchParams } from "wouter";
import { call, Problem } from "../api/client";
import { become, meQuery } from "../api/queries";
import type { Me } from "../api/types";
import { Entry, Field } from "./Entry";

/** Sign in with a password; afterwards, back to where one wanted to go. */
export function SignIn() {
  const client = useQueryClient();
  const [search] = useSearchParams();
  const { data: me } = useQuery(meQuery);
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const signIn = useMutation({
    mutationFn: () => call<Me>("/sign-in", { method: "POST", body: { email: email.trim(), password } }),
    onSuccess: (signedIn) => become(client, signedIn),
  });
  if (me) return <Redirect to={safeNext(search.get("next"))} replace />;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <Entry title="Sign in" lede="Every conversation, and how each answer came about.">
      <form onSubmit={submit}>
        <Field
          label="E-mail"
          type="email"
          autoComplete="username"
          value={email}
          onChange={setEmail}
          isFirst
          isWrong={signIn.isError}
        />
        <Field
          label="Password"
          type="password"
          autoComplete="current-password"
          value={password}
          onChange={setPassword}
          isWrong={signIn.isError}
        />
        <p role="alert" className="form-problem">
          {signIn.error && sentence(signIn.error)}
        </p>
        <button type="submit" className="btn primary wide" disabled={signIn.isPending || !email || !password}>
          {signIn.isPending ? "Signing in…" : "Sign in"}
        </button>
      </form>
      <p className="entry-hint">
        First time here? Use the one-time link that the program printed when it started, or ask an admin for one.
      </p>
    </Entry>
  );
}

const sentence = (error: Error) => (error instanceof Problem ? error.message : "Something in the console went wrong.");

/** Only a path within the console: a link from elsewhere cannot send anybody away after the sign-in. */
function safeNext(next: string | null): string {
  return next && /^\/(?![/\\])/.test(next) && !next.startsWith("/sign-in") ? next : "/inbox/needs-you";
}
