import { CircleAlert } from "lucide-react";
import { Component, type ReactNode } from "react";
import { Empty } from "../parts/small";

/** Where an error of the console itself ends: it is said, and there is a way on. */
export class Boundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state = { error: null as Error | null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <main className="entry" role="alert">
        <Empty isPage icon={<CircleAlert className="i" />} title="Something in the console went wrong">
          <p>What you wrote is kept in this browser. Loading the page again usually helps.</p>
          <p className="mono dim">{error.message}</p>
          <button type="button" className="btn primary" onClick={() => location.reload()}>
            Load again
          </button>
        </Empty>
      </main>
    );
  }
}
