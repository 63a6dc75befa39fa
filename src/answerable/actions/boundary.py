"""The boundary between what is asked for and what is done.

Whoever asks (a language model, the embedded one, a rep) gets no further than here. Arguments are checked against their
types; who the customer is, against what the action needs; the clauses in force and the limits, against facts that were
read outside; where a person must decide, the call waits. Then the outside system is asked under the call's own key, and
what came of it is kept before anybody is told.

A call is sent only by whoever has turned it from `ready` into `sent`, and only one can. From that moment on its effect
counts as possible until it is known: a time-out is neither success nor failure. What is unknown is looked up under its
key, and only what surely did not happen is sent again, under the same key.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from answerable.actions.agreeing import Agreeing
from answerable.actions.approving import Approving
from answerable.actions.asking import Asking, Request
from answerable.actions.declaring import Action
from answerable.actions.finding_out import FindingOut
from answerable.actions.ground import Ground
from answerable.actions.sending import Sending
from answerable.actions.trying import Tried, Trying
from answerable.actions.undoing import Undoing
from answerable.domain.actions import ActionCall
from answerable.domain.clock import now
from answerable.domain.errors import AnswerableError
from answerable.domain.people import Rep
from answerable.store import Store, actions

log = logging.getLogger(__name__)

# After its time-out a request may still be on its way outside; only then is "nothing was done" believed.
SETTLE = timedelta(seconds=30)
DUE_AT_ONCE_MAX = 100
SWEEP_SECONDS = 2.0


class Boundary:
    """Decides on calls, does them, and finds out what became of them."""

    def __init__(
        self,
        store: Store,
        declared: Mapping[str, Action],
        *,
        settings: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] = now,
        settle: timedelta = SETTLE,
    ) -> None:
        """`settings` are what the actions are given; `settle` is how long a request may be on its way."""
        self._ground = Ground(store, declared, settings or {}, clock, settle)
        self._asking = Asking(self._ground)
        self._trying = Trying(self._ground)
        self._agreeing = Agreeing(self._ground)
        self._approving = Approving(self._ground)
        self._sending = Sending(self._ground)
        self._finding_out = FindingOut(self._ground, self._sending)
        self._undoing = Undoing(self._ground)

    @property
    def declared(self) -> Mapping[str, Action]:
        """The actions by their names."""
        return self._ground.declared

    async def request(self, request: Request) -> ActionCall:
        """What became of a wish: refused, waiting for the customer or a person, or done (or failed, or not known yet).

        Raises Invalid if it is no call at all: an unknown action, arguments that its types forbid, or a key that
        cannot be kept. Then nothing was kept or done.
        """
        wish = await self._asking.read(request)
        if isinstance(wish, ActionCall):
            return await self._go_on(wish)
        return await self._sending.do(wish, self._asking.decide)

    async def try_out(self, request: Request) -> Tried:
        """What would become of a wish now. Nothing is kept or done; asking for it is judged once more, as always.

        Raises Invalid if it is no call at all, and NotFound.
        """
        return await self._trying.try_out(request)

    async def agree(self, call_id: str, *, question: str) -> ActionCall:
        """The customer said yes to that question: the call goes on from there, if it still waits for them.

        Raises NotFound.
        """
        return await self._go_on(await self._agreeing.agree(call_id, question=question))

    async def turn_down(self, call_id: str) -> ActionCall:
        """The customer said no: nothing is done, if it still waits for them. Raises NotFound."""
        return await self._agreeing.turn_down(call_id)

    async def calls_of(self, conversation_id: str) -> list[ActionCall]:
        """The calls of a conversation, oldest first."""
        return await self._ground.store.read(actions.of_conversation, conversation_id)

    async def approve(
        self,
        approval_id: str,
        rep: Rep,
        *,
        arguments: Any = None,
        reason: str | None = None,
        note: str | None = None,
    ) -> ActionCall:
        """A person says yes, with `arguments` to something smaller than was asked for. Saying it twice is saying it.

        The customer is told the reason of whoever approved less; of all of it, it is for colleagues only, as a note is.

        Raises NotFound, NotAllowed (the role, or the requester), Conflict if it is decided or has expired, and Invalid
        for what is not less, less without a reason, or what a clause refuses of less: then nothing is decided.
        """
        return await self._go_on(
            await self._approving.approve(approval_id, rep, arguments=arguments, reason=reason, note=note)
        )

    async def decline(self, approval_id: str, rep: Rep, *, reason: str, note: str | None = None) -> ActionCall:
        """A person says no, and the customer is told why; a note is for colleagues only.

        Raises NotFound, NotAllowed, Invalid without a reason, Conflict.
        """
        return await self._approving.decline(approval_id, rep, reason=reason, note=note)

    async def perform(self, call_id: str) -> ActionCall:
        """Does a call that is ready; whoever else is at it, it is done by one of them."""
        return await self._sending.perform(call_id)

    async def undo(self, call_id: str, rep: Rep) -> ActionCall:
        """Takes back what was done, within its window.

        Raises NotFound, Conflict if it cannot be, NotDone if outside it is refused, Unavailable if that is not known.
        """
        return await self._undoing.undo(call_id, rep)

    async def look_after(self) -> list[ActionCall]:
        """Sees to every call that is due: sends what is ready, looks up what is unknown, ends what has expired.

        Gives those that it brought further. Any process may do this at any time.
        """
        moved = []
        for call in await self._ground.store.read(actions.due, self._ground.clock(), DUE_AT_ONCE_MAX):
            try:
                after = await self._see_to(call)
            except AnswerableError as error:
                log.warning("The call %s could not be seen to: %s", call.id, error)
                continue
            except Exception:
                # One that cannot be seen to keeps nobody from seeing to the others.
                log.exception("The call %s could not be seen to.", call.id)
                continue
            if after.state != call.state:
                moved.append(after)
        return moved

    async def look_after_for_ever(self) -> None:
        """Looks after the calls again and again, until cancelled."""
        while True:
            try:
                await self.look_after()
            except Exception:
                log.exception("The calls could not be looked after; the next try follows in %s s.", SWEEP_SECONDS)
            await asyncio.sleep(SWEEP_SECONDS)

    async def _see_to(self, call: ActionCall) -> ActionCall:
        match call.state:
            case "ready":
                return await self.perform(call.id)
            case "awaiting_customer":
                return await self._agreeing.expire(call.id)
            case "awaiting_approval":
                return await self._ground.store.write(self._approving.expire, call.id)
            case "sent" | "unknown":
                return await self._finding_out.reconcile(call.id)
            case _:
                return call

    async def _go_on(self, call: ActionCall) -> ActionCall:
        return await self._sending.go_on(call) if call.state == "ready" else call
