import { Dialog } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { GROUPS, useAllCommands } from "./commands";
import { Keys } from "./KeyCaps";
import { show } from "./overlays";

/** Every key that works on the screen that is open. */
export default function KeysDialog() {
  const commands = useAllCommands().filter((command) => command.keys?.length);
  const groups = GROUPS.filter((group) => commands.some((command) => command.group === group));
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && show(null)}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog keys-dialog">
          <header>
            <Dialog.Title>Keys</Dialog.Title>
            <Dialog.Close className="btn ghost icon end" aria-label="Close">
              <X className="i" aria-hidden="true" />
            </Dialog.Close>
          </header>
          <div className="keys-groups">
            {groups.map((group) => (
              <section key={group}>
                <h3>{group}</h3>
                <dl>
                  {commands
                    .filter((command) => command.group === group)
                    .map((command) => (
                      <div key={command.id}>
                        <dt>{command.title}</dt>
                        <dd>
                          <span className="sr">{command.keys?.join(" or ")}</span>
                          {command.keys?.map((keys) => (
                            <Keys key={keys} keys={keys} />
                          ))}
                        </dd>
                      </div>
                    ))}
                </dl>
              </section>
            ))}
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
