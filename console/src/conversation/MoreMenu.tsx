import { Menu } from "@base-ui/react/menu";
import { useQuery } from "@tanstack/react-query";
import { Check, ChevronRight, CircleCheck, Ellipsis, Hand, Link as LinkIcon, Undo2, UserRoundPlus } from "lucide-react";
import { useMe } from "../api/me";
import { repsQuery } from "../api/queries";
import type { InboxRow } from "../api/types";
import { Avatar } from "../parts/small";
import { keysShown } from "../shell/commands";
import { mainPlace } from "../shell/overlays";

interface Props {
  row: InboxRow;
  isMine: boolean;
  onTakeOver: () => void;
  onHandBack: () => void;
  onResolve: () => void;
  onAssign: (repId: string | null, name: string) => void;
  onCopy: () => void;
}

/** Everything that can be done with a conversation. */
export function MoreMenu({ row, isMine, onTakeOver, onHandBack, onResolve, onAssign, onCopy }: Props) {
  return (
    <Menu.Root>
      <Menu.Trigger className="btn ghost icon" aria-label="More">
        <Ellipsis className="i" aria-hidden="true" />
      </Menu.Trigger>
      <Menu.Portal container={mainPlace()}>
        <Menu.Positioner align="end" sideOffset={4} collisionPadding={12} className="over">
          <Menu.Popup className="pop menu">
            {isMine ? (
              <Menu.Item className="item" onClick={onHandBack}>
                <Undo2 className="i i-14" aria-hidden="true" />
                Hand back to the agent
                <kbd className="end">{keysShown("b")}</kbd>
              </Menu.Item>
            ) : (
              <Menu.Item className="item" onClick={onTakeOver}>
                <Hand className="i i-14" aria-hidden="true" />
                Take over
                <kbd className="end">{keysShown("t")}</kbd>
              </Menu.Item>
            )}
            {row.status === "open" && (
              <>
                <Assign row={row} onAssign={onAssign} />
                <Menu.Item className="item" onClick={onResolve}>
                  <CircleCheck className="i i-14" aria-hidden="true" />
                  Resolve
                  <kbd className="end">{keysShown("e")}</kbd>
                </Menu.Item>
              </>
            )}
            <Menu.Separator className="sep" />
            <Menu.Item className="item" onClick={onCopy}>
              <LinkIcon className="i i-14" aria-hidden="true" />
              Copy link
            </Menu.Item>
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}

function Assign({ row, onAssign }: Pick<Props, "row" | "onAssign">) {
  const me = useMe();
  const { data: reps } = useQuery(repsQuery);
  return (
    <Menu.SubmenuRoot>
      <Menu.SubmenuTrigger className="item">
        <UserRoundPlus className="i i-14" aria-hidden="true" />
        Assign to
        <ChevronRight className="i i-14 end" aria-hidden="true" />
      </Menu.SubmenuTrigger>
      <Menu.Portal container={mainPlace()}>
        <Menu.Positioner sideOffset={-2} collisionPadding={12} className="over">
          <Menu.Popup className="pop menu">
            <Menu.Item className="item" onClick={() => onAssign(null, "nobody in particular")}>
              Nobody in particular
              {row.assignee_id === null && <Check className="i i-14 end" aria-hidden="true" />}
            </Menu.Item>
            <Menu.Separator className="sep" />
            {reps
              ?.filter((rep) => rep.active)
              .map((rep) => (
                <Menu.Item key={rep.id} className="item" onClick={() => onAssign(rep.id, rep.name)}>
                  <Avatar id={rep.id} name={rep.name} />
                  <span className="trunc" dir="auto">
                    {rep.name}
                    {rep.id === me.id && <span className="dim"> (you)</span>}
                  </span>
                  {row.assignee_id === rep.id && <Check className="i i-14 end" aria-hidden="true" />}
                </Menu.Item>
              ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.SubmenuRoot>
  );
}
