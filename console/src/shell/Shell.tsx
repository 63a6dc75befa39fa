import { Dialog } from "@base-ui/react/dialog";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useMemo } from "react";
import { useLocation } from "wouter";
import { listen } from "../api/live";
import { useMe } from "../api/me";
import { resume } from "../api/outbox";
import type { LiveEvent } from "../api/types";
import { VIEWS } from "../inbox/views";
import { type Command, onKey, useCommands } from "./commands";
import { LaterOverlay, prepareScreens } from "./later";
import { useIsNarrow } from "./media";
import { Nav } from "./Nav";
import { announce } from "./notices";
import { openKeys, openPalette, show, useOverlay } from "./overlays";
import { Reach } from "./Reach";
import { useTheme } from "./theme";

/** The frame around every screen behind the sign-in: navigation, live updates, keys, palette. */
export function Shell({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const me = useMe();
  const isNarrow = useIsNarrow();
  const overlay = useOverlay();

  useEffect(() => listen(client, me, tellWhatIsOpen), [client, me]);
  useEffect(() => resume(client, me.id), [client, me.id]);
  useEffect(() => prepareScreens(client), [client]);
  useEffect(() => {
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
  useShellCommands();

  return (
    <div className="app">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      {!isNarrow && <Nav onPalette={openPalette} />}
      <main className="sheet" id="main" tabIndex={-1}>
        <Reach />
        <div className="screen">{children}</div>
      </main>
      {isNarrow && (
        <Dialog.Root open={overlay === "menu"} onOpenChange={(isOpen) => show(isOpen ? "menu" : null)}>
          <Dialog.Portal>
            <Dialog.Backdrop className="backdrop" />
            <Dialog.Popup className="drawer" aria-label="Menu">
              <Nav onPalette={openPalette} onGo={() => show(null)} />
            </Dialog.Popup>
          </Dialog.Portal>
        </Dialog.Root>
      )}
      {(overlay === "palette" || overlay === "keys") && <LaterOverlay key={overlay} name={overlay} />}
    </div>
  );
}

/** A finished answer is announced once, and only in the conversation that is open. */
function tellWhatIsOpen({ kind, conversation_id, content }: LiveEvent): void {
  if (kind !== "message" || !location.pathname.includes(conversation_id)) return;
  if (content.author !== "agent" && content.author !== "customer") return;
  const who = content.author === "agent" ? "AI agent: " : "Customer: ";
  announce(who + content.text.replaceAll(/\[\d+\]/g, ""));
}

function useShellCommands(): void {
  const [, go] = useLocation();
  const [, chooseTheme] = useTheme();
  // biome-ignore lint/correctness/useExhaustiveDependencies: choosing a theme needs nothing that changes.
  const commands = useMemo<Command[]>(
    () => [
      {
        id: "palette",
        title: "Search or jump",
        group: "View",
        keys: ["mod+k"],
        isForTyping: true,
        isKeyOnly: true,
        run: openPalette,
      },
      { id: "keys", title: "Show all keys", group: "View", keys: ["?"], run: openKeys },
      ...VIEWS.map(
        ({ slug, name, key }): Command => ({
          id: `go-${slug}`,
          title: name,
          group: "Go to",
          keys: [`g ${key}`],
          run: () => go(`/inbox/${slug}`),
        }),
      ),
      { id: "go-approvals", title: "Approvals", group: "Go to", keys: ["g v"], run: () => go("/approvals") },
      { id: "go-actions", title: "Actions", group: "Go to", keys: ["g x"], run: () => go("/actions") },
      { id: "go-knowledge", title: "Knowledge", group: "Go to", keys: ["g k"], run: () => go("/knowledge") },
      {
        id: "go-sources",
        title: "Sources of knowledge",
        group: "Go to",
        keys: ["g s"],
        run: () => go("/knowledge/sources"),
      },
      { id: "go-try", title: "Try a search", group: "Go to", keys: ["g t"], run: () => go("/knowledge/search") },
      { id: "go-people", title: "People", group: "Go to", keys: ["g p"], run: () => go("/people") },
      { id: "theme-light", title: "Light theme", group: "View", run: () => chooseTheme("light") },
      { id: "theme-dark", title: "Dark theme", group: "View", run: () => chooseTheme("dark") },
      { id: "theme-system", title: "Theme as the system", group: "View", run: () => chooseTheme("system") },
    ],
    [go],
  );
  useCommands(commands);
}
