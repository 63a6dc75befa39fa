import { MutationCache, QueryCache, QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { Redirect, Route, Router, Switch, useLocation, useSearch } from "wouter";
import { Problem } from "./api/client";
import { retryDelay, shouldRetry, useFault } from "./api/faults";
import { MeContext } from "./api/me";
import { meQuery } from "./api/queries";
import { LinkPage } from "./entry/LinkPage";
import { SignIn } from "./entry/SignIn";
import { InboxScreen } from "./inbox/InboxScreen";
import { Failed, Mark } from "./parts/small";
import { Boundary } from "./shell/Boundary";
import { LaterScreen } from "./shell/later";
import { NotHere } from "./shell/NotHere";
import { Notices } from "./shell/notices";
import { Shell } from "./shell/Shell";

/** A lost sign-in is noticed wherever it shows: nobody is signed in, and the sign-in page comes up by itself. */
function noticeLostSignIn(error: Error): void {
  if (error instanceof Problem && error.status === 401) client.setQueryData(meQuery.queryKey, null);
}

const client = new QueryClient({
  queryCache: new QueryCache({ onError: noticeLostSignIn }),
  mutationCache: new MutationCache({ onError: noticeLostSignIn }),
  defaultOptions: {
    queries: {
      retry: shouldRetry,
      retryDelay,
      // The stream keeps what is shown up to date: going back to a screen need not read it again.
      staleTime: 30_000,
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

export function App() {
  return (
    <QueryClientProvider client={client}>
      <Router base="/console">
        <Switch>
          <Route path="/sign-in" component={SignIn} />
          <Route path="/link/:token">{({ token }) => <LinkPage token={token} />}</Route>
          <Route>
            <SignedIn />
          </Route>
        </Switch>
        <Notices />
      </Router>
    </QueryClientProvider>
  );
}

function SignedIn() {
  const asked = useQuery(meQuery);
  const { data: me } = asked;
  const { fault, again } = useFault(asked, meQuery.queryKey);
  const [location] = useLocation();
  const search = useSearch();
  if (me) {
    return (
      <MeContext value={me}>
        <Boundary>
          <Screens />
        </Boundary>
      </MeContext>
    );
  }
  if (me === null || (fault instanceof Problem && fault.status === 401)) {
    const here = search ? `${location}?${search}` : location;
    return <Redirect to={here === "/" ? "/sign-in" : `/sign-in?next=${encodeURIComponent(here)}`} replace />;
  }
  if (fault) {
    return (
      <main className="entry">
        <Failed error={fault} what="console" isPage onRetry={again} />
      </main>
    );
  }
  return (
    <div className="starting" role="status">
      <Mark />
      <span className="sr">Starting</span>
    </div>
  );
}

function Screens() {
  return (
    <Shell>
      <Switch>
        <Route path="/">
          <Redirect to="/inbox/needs-you" replace />
        </Route>
        <Route path="/inbox/:view/:conversation?" component={InboxScreen} />
        <Route path="/approvals/:which?">
          {({ which }) => (which === undefined || which === "decided" ? <LaterScreen name="approvals" /> : <NotHere />)}
        </Route>
        <Route path="/actions/*?">
          <LaterScreen name="actions" />
        </Route>
        <Route path="/knowledge/*?">
          <LaterScreen name="knowledge" />
        </Route>
        <Route path="/people">
          <LaterScreen name="people" />
        </Route>
        <Route component={NotHere} />
      </Switch>
    </Shell>
  );
}
