import { Dialog } from "@base-ui/react/dialog";
import { useQuery } from "@tanstack/react-query";
import { Copy, Menu as MenuIcon, UserRoundPlus, X } from "lucide-react";
import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { Problem } from "../api/client";
import { useFault } from "../api/faults";
import { useMe } from "../api/me";
import { repsQuery, useChangeRep, useInvite, useRenewLink } from "../api/queries";
import { type Invitation, mayActAs, type RepRow, type Role } from "../api/types";
import { Field } from "../entry/Entry";
import { Avatar, Failed, Loading, Skeleton } from "../parts/small";
import { day, firstName, plural, ROLE_NAMES } from "../parts/words";
import { useIsNarrow } from "../shell/media";
import { notify, notifyProblem } from "../shell/notices";
import { openMenu } from "../shell/overlays";

const ROLES: readonly Role[] = ["rep", "builder", "lead", "admin"];
const MAY: Record<Role, string> = {
  rep: "answers conversations and reads every trace",
  builder: "also imports knowledge",
  lead: "does what a builder does",
  admin: "also invites people and changes roles",
};

/** Who works here, and what each may do. */
export default function People() {
  const me = useMe();
  const isNarrow = useIsNarrow();
  const asked = useQuery(repsQuery);
  const { data: reps } = asked;
  const { fault, again } = useFault(asked, repsQuery.queryKey);
  const isAdmin = mayActAs(me, "admin");
  const active = reps?.filter((rep) => rep.active).length ?? 0;
  useEffect(() => {
    document.title = `People · ${me.company}`;
  }, [me.company]);
  return (
    <div className="page">
      <div className="in">
        <div className="phead">
          {isNarrow && (
            <button type="button" className="btn ghost icon" aria-label="Menu" onClick={openMenu}>
              <MenuIcon className="i" aria-hidden="true" />
            </button>
          )}
          <h1>People</h1>
          <span className="end">{isAdmin && <Invite />}</span>
        </div>
        <div className="lede">
          <div>
            <h2>
              {!reps && !fault ? (
                <>
                  <span className="sr">Loading people</span>
                  <Skeleton width="12em" height={28} />
                </>
              ) : !reps ? (
                "Who can sign in is not known."
              ) : active === 1 ? (
                "You work here alone."
              ) : (
                `${plural(active, "person", "people")} can sign in.`
              )}
            </h2>
            <p>
              {isAdmin
                ? "Invite somebody, hand over the one-time link, and they choose their own password."
                : "Admins invite people and change their roles."}
            </p>
          </div>
        </div>
        {fault ? (
          <Failed error={fault} what="list" onRetry={again} />
        ) : !reps ? (
          <Loading what="people">
            <div className="card">
              {[0, 1, 2].map((place) => (
                <div className="person-row" key={place}>
                  <span className="av lg" />
                  <Skeleton width="35%" />
                </div>
              ))}
            </div>
          </Loading>
        ) : (
          <ul className="card people">
            {[...reps]
              .sort((a, b) => Number(b.active) - Number(a.active) || a.name.localeCompare(b.name))
              .map((rep) => (
                <Person key={rep.id} rep={rep} isMe={rep.id === me.id} mayChange={isAdmin && rep.id !== me.id} />
              ))}
          </ul>
        )}
        <dl className="roles">
          {ROLES.map((role) => (
            <div key={role}>
              <dt>{ROLE_NAMES[role]}</dt>
              <dd>{MAY[role]}</dd>
            </div>
          ))}
        </dl>
      </div>
    </div>
  );
}

function Person({ rep, isMe, mayChange }: { rep: RepRow; isMe: boolean; mayChange: boolean }) {
  const change = useChangeRep();
  const renew = useRenewLink();
  const apply = (step: { role?: Role; active?: boolean }) =>
    change.mutate({ id: rep.id, ...step }, { onSuccess: () => notify(`Changed ${rep.name}.`), onError: notifyProblem });
  return (
    <li className={rep.active ? "person-row" : "person-row inactive"}>
      <Avatar id={rep.id} name={rep.name} isLarge />
      <div className="grow">
        <b className="trunc" dir="auto">
          {rep.name}
          {isMe && <span className="dim"> (you)</span>}
        </b>
        <span className="dim trunc">{rep.email}</span>
      </div>
      <span className="dim since">since {day(rep.created_at)}</span>
      {mayChange ? (
        <>
          <select
            className="select"
            aria-label={`Role of ${rep.name}`}
            value={rep.role}
            disabled={!rep.active || change.isPending}
            onChange={(event) => apply({ role: event.target.value as Role })}
          >
            {ROLES.map((role) => (
              <option key={role} value={role}>
                {ROLE_NAMES[role]}
              </option>
            ))}
          </select>
          {rep.active && (
            <button
              type="button"
              className="btn sm"
              disabled={renew.isPending}
              onClick={() => renew.mutate(rep.id, { onError: notifyProblem })}
            >
              New link
              <span className="sr"> for {rep.name}</span>
            </button>
          )}
          {renew.data && (
            <Dialog.Root open onOpenChange={() => renew.reset()}>
              <FormDialog title={`A new link for ${firstName(rep.name)}`}>
                <HandOver invitation={renew.data} />
              </FormDialog>
            </Dialog.Root>
          )}
          <button
            type="button"
            className="btn sm"
            disabled={change.isPending}
            onClick={() => apply({ active: !rep.active })}
          >
            {rep.active ? "Deactivate" : "Let back in"}
            <span className="sr"> {rep.name}</span>
          </button>
        </>
      ) : (
        <span className="chip">{rep.active ? ROLE_NAMES[rep.role] : "Inactive"}</span>
      )}
    </li>
  );
}

function Invite() {
  const [isOpen, setIsOpen] = useState(false);
  const [invitation, setInvitation] = useState<Invitation | null>(null);
  return (
    <Dialog.Root
      open={isOpen}
      onOpenChange={(open) => {
        setIsOpen(open);
        if (open) setInvitation(null);
      }}
    >
      <Dialog.Trigger className="btn primary">
        <UserRoundPlus className="i i-14" aria-hidden="true" />
        Invite
      </Dialog.Trigger>
      <FormDialog title={invitation ? `${firstName(invitation.rep.name)} is invited` : "Invite somebody"}>
        {invitation ? <HandOver invitation={invitation} /> : <InviteForm onInvited={setInvitation} />}
      </FormDialog>
    </Dialog.Root>
  );
}

function FormDialog({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Dialog.Portal>
      <Dialog.Backdrop className="backdrop" />
      <Dialog.Popup className="dialog form-dialog">
        <header>
          <Dialog.Title>{title}</Dialog.Title>
          <Dialog.Close className="btn ghost icon end" aria-label="Close">
            <X className="i" aria-hidden="true" />
          </Dialog.Close>
        </header>
        {children}
      </Dialog.Popup>
    </Dialog.Portal>
  );
}

function InviteForm({ onInvited }: { onInvited: (invitation: Invitation) => void }) {
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("rep");
  const invite = useInvite();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    invite.mutate({ name: name.trim(), email: email.trim(), role }, { onSuccess: onInvited });
  };
  return (
    <form onSubmit={submit} className="form-in">
      <Field label="Name" value={name} onChange={setName} autoComplete="off" isFirst />
      <Field
        label="E-mail"
        type="email"
        value={email}
        onChange={setEmail}
        autoComplete="off"
        isWrong={invite.isError}
      />
      <fieldset className="role-choice">
        <legend>Role</legend>
        {ROLES.map((one) => (
          <label key={one}>
            <input type="radio" name="role" checked={role === one} onChange={() => setRole(one)} />
            <b>{ROLE_NAMES[one]}</b>
            <span className="dim">{MAY[one]}</span>
          </label>
        ))}
      </fieldset>
      <p role="alert" className="form-problem">
        {invite.error &&
          (invite.error instanceof Problem ? invite.error.message : "Something in the console went wrong.")}
      </p>
      <button
        type="submit"
        className="btn primary wide"
        disabled={invite.isPending || !name.trim() || !email.includes("@")}
      >
        Make a one-time link
      </button>
    </form>
  );
}

function HandOver({ invitation }: { invitation: Invitation }) {
  const link = new URL(invitation.link, location.origin).href;
  const copy = () =>
    navigator.clipboard.writeText(link).then(
      () => notify("The link is copied."),
      () => notify("The browser did not allow copying. Select the link instead.", "bad"),
    );
  return (
    <div className="form-in">
      <p>Hand this link to {invitation.rep.name}. It works once, and it is shown only now. Older links stop working.</p>
      <div className="copy-line">
        <input
          readOnly
          aria-label="One-time link"
          className="mono"
          value={link}
          onFocus={(event) => event.target.select()}
        />
        <button type="button" className="btn" onClick={copy}>
          <Copy className="i i-14" aria-hidden="true" />
          Copy
        </button>
      </div>
    </div>
  );
}
