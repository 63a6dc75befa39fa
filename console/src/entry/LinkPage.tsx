import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Link, Redirect } from "wouter";
import { call, Problem } from "../api/client";
import { become, linkQuery } from "../api/queries";
import type { Me } from "../api/types";
import { Loading, Skeleton } from "../parts/small";
import { firstName } from "../parts/words";
import { Entry, Field } from "./Entry";

const PASSWORD_LENGTH_MIN = 10;

/** The page of a one-time link: whose it is, and the password to use from now on. */
export function LinkPage({ token }: { token: string }) {
  const client = useQueryClient();
  const { data: owner, error, refetch } = useQuery(linkQuery(token));
  const [password, setPassword] = useState("");
  const [isIn, setIsIn] = useState(false);
  const signIn = useMutation({
    mutationFn: () => call<Me>("/sign-in/link", { method: "POST", body: { token, password } }),
    onSuccess: (me) => {
      setIsIn(true);
      become(client, me);
    },
  });
  if (isIn) return <Redirect to="/inbox/needs-you" replace />;
  if (error) return <DeadLink error={error} onRetry={() => void refetch()} />;
  if (!owner) {
    return (
      <Entry title="One-time link" lede={<Skeleton width={220} height={14} />}>
        <Loading what="whose link this is">
          <Skeleton width="100%" height={36} />
          <Skeleton width="100%" height={32} />
        </Loading>
      </Entry>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  const isShort = password.length < PASSWORD_LENGTH_MIN;
  return (
    <Entry
      title={`Welcome, ${firstName(owner.name)}`}
      lede={
        <>
          This link is for <b dir="auto">{owner.name}</b> ({owner.email}) and works once. Choose the password that you
          will sign in with.
        </>
      }
    >
      <form onSubmit={submit}>
        <input type="text" hidden readOnly autoComplete="username" value={owner.email} />
        <Field
          label="New password"
          type="password"
          autoComplete="new-password"
          value={password}
          onChange={setPassword}
          minLength={PASSWORD_LENGTH_MIN}
          isFirst
          isWrong={signIn.isError}
          hint={
            isShort && password
              ? `${PASSWORD_LENGTH_MIN - password.length} more to go.`
              : `${PASSWORD_LENGTH_MIN} characters or more; a sentence is easiest to remember.`
          }
        />
        <p role="alert" className="form-problem">
          {signIn.error && (signIn.error instanceof Problem ? signIn.error.message : "Something went wrong.")}
        </p>
        <button type="submit" className="btn primary wide" disabled={signIn.isPending || isShort}>
          {signIn.isPending ? "Signing in…" : "Set password and sign in"}
        </button>
      </form>
    </Entry>
  );
}

function DeadLink({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const mayRetry = error instanceof Problem && error.mayHelpToRetry;
  return (
    <Entry
      title={mayRetry ? "The link could not be read" : "This link does not work any more"}
      lede={error instanceof Problem ? error.message : "Something in the console went wrong."}
    >
      {mayRetry ? (
        <button type="button" className="btn wide" onClick={onRetry}>
          Try again
        </button>
      ) : (
        <Link to="/sign-in" className="btn wide">
          Go to the sign-in
        </Link>
      )}
    </Entry>
  );
}
