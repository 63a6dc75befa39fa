import { Menu } from "@base-ui/react/menu";
import { Check, Keyboard, LogOut, Monitor, Moon, Settings, Sun } from "lucide-react";
import { useMe } from "../api/me";
import { useSignOut } from "../api/queries";
import { Avatar } from "../parts/small";
import { ROLE_NAMES } from "../parts/words";
import { notifyProblem } from "./notices";
import { openKeys } from "./overlays";
import { type Theme, useTheme } from "./theme";

const THEMES = [
  { theme: "light", name: "Light", Icon: Sun },
  { theme: "dark", name: "Dark", Icon: Moon },
  { theme: "system", name: "As the system", Icon: Monitor },
] as const;

/** Who I am, the theme, and the way out. */
export function MeMenu() {
  const me = useMe();
  const signOut = useSignOut();
  const [theme, choose] = useTheme();
  return (
    <Menu.Root>
      <Menu.Trigger className="me">
        <Avatar id={me.id} name={me.name} />
        <span className="trunc" dir="auto">
          {me.name}
        </span>
        <Settings className="i dim end" aria-hidden="true" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner side="top" align="start" sideOffset={6} collisionPadding={12} className="over">
          <Menu.Popup className="pop menu">
            <div className="menu-head">
              <span className="trunc" dir="auto">
                {me.email}
              </span>
              <span className="dim">{ROLE_NAMES[me.role]}</span>
            </div>
            <Menu.RadioGroup value={theme} onValueChange={(value) => choose(value as Theme)} aria-label="Theme">
              {THEMES.map(({ theme: one, name, Icon }) => (
                <Menu.RadioItem key={one} value={one} className="item" closeOnClick={false}>
                  <Icon className="i i-14" aria-hidden="true" />
                  {name}
                  <Menu.RadioItemIndicator className="end">
                    <Check className="i i-14" aria-hidden="true" />
                  </Menu.RadioItemIndicator>
                </Menu.RadioItem>
              ))}
            </Menu.RadioGroup>
            <Menu.Separator className="sep" />
            <Menu.Item className="item" onClick={openKeys}>
              <Keyboard className="i i-14" aria-hidden="true" />
              Keys
              <kbd className="end">?</kbd>
            </Menu.Item>
            <Menu.Item className="item" onClick={() => signOut.mutate(undefined, { onError: notifyProblem })}>
              <LogOut className="i i-14" aria-hidden="true" />
              Sign out
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
