"""Plays scripts through the product's doors, as customers and reps would."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from answerable_demo.cast import the_cast
from answerable_demo.history.doors import CustomerDoor, DoorError, KeyForgottenError, RepDoor
from answerable_demo.history.keeping import Memory
from answerable_demo.history.script import AsksForPerson, RepHandles, Says, Script

Told = Callable[[Script], None]


@dataclass(slots=True)
class Player:
    """Plays what has not been played."""

    client: httpx.AsyncClient
    memory: Memory
    reps: dict[str, RepDoor] = field(default_factory=dict)
    """Reps who are signed in, by e-mail; without them nobody takes over."""
    failures: list[str] = field(default_factory=list)
    _introducing: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def play_all(self, scripts: list[Script], *, at_once: int, told: Told) -> None:
        """Play many, a few at a time; the known ones after all others, one after the other."""
        await self._check_memory()
        waiting = [script for script in scripts if script.id not in self.memory.done]
        free = asyncio.Semaphore(at_once)

        async def play_when_free(script: Script) -> None:
            async with free:
                await self._try(script, told)

        await asyncio.gather(*(play_when_free(script) for script in waiting if script.kind != "known"))
        for script in waiting:
            if script.kind == "known":
                await self._try(script, told)

    async def play(self, script: Script) -> None:
        """Play one from the beginning. What was said before is not said again: each message has its own key."""
        door = CustomerDoor(self.client, await self._customer_key(script))
        for number, step in enumerate(script.steps):
            key = f"{script.id}-{number}"
            match step:
                case Says():
                    await self._say(door, script, step, key)
                case AsksForPerson():
                    await door.ask_for_person()
                case RepHandles():
                    await self._handle(door, step, key)

    async def _try(self, script: Script, told: Told) -> None:
        try:
            await self.play(script)
        except DoorError as error:
            self.failures.append(f"{script.id}: {error}")
        else:
            self.memory.done.add(script.id)
            self.memory.save()
        told(script)

    async def _say(self, door: CustomerDoor, script: Script, step: Says, key: str) -> None:
        await door.say(script, step.text, key)
        if not step.waits:
            return
        conversation = await door.answer()
        if step.helpful is not None:
            await door.rate(conversation, helpful=step.helpful)

    async def _handle(self, door: CustomerDoor, step: RepHandles, key: str) -> None:
        rep = self.reps.get(step.rep_email)
        conversation_id = door.conversation_id
        if rep is None or conversation_id is None or not step.text:
            return
        if not step.even_if_answered and (await door.look())["handled_by"] != "rep":
            return
        await rep.take_over(conversation_id)
        await rep.reply(conversation_id, step.text, key, resolve=step.ending == "resolve")
        if step.ending == "hand_back":
            await rep.hand_back(conversation_id)

    async def _customer_key(self, script: Script) -> str:
        """The key of the script's customer; visitors are new each time."""
        name = script.customer_key or script.id
        async with self._introducing.setdefault(name, asyncio.Lock()):
            if name not in self.memory.customers:
                customer = the_cast().customer(script.customer_key) if script.customer_key else None
                self.memory.customers[name] = await CustomerDoor.introduce(self.client, customer)
                self.memory.save()
        return self.memory.customers[name]

    async def _check_memory(self) -> None:
        """Forget everything if the server was emptied since."""
        for token in list(self.memory.customers.values())[:1]:
            try:
                await CustomerDoor(self.client, token).list_conversations()
            except KeyForgottenError:
                self.memory.forget()


async def sign_in_reps(server: str, memory: Memory) -> dict[str, RepDoor]:
    """Those reps of the cast who can sign in: with a password of last time, or with a one-time link."""
    passwords, links = memory.passwords(), memory.links()
    signed_in: dict[str, RepDoor] = {}
    for rep in the_cast().reps:
        door = RepDoor(server)
        try:
            if rep.email in links:
                await door.sign_in_by_link(links[rep.email], memory.new_password(rep.email))
            elif rep.email in passwords:
                await door.sign_in(rep.email, passwords[rep.email])
            else:
                await door.close()
                continue
        except DoorError:
            await door.close()
        else:
            signed_in[rep.email] = door
    memory.forget_links()
    return signed_in


async def invite_cast(server: str, memory: Memory, *, email: str, password: str) -> None:
    """As an admin: invite the reps of the cast who are not there yet, and keep their links."""
    admin = RepDoor(server)
    try:
        await admin.sign_in(email, password)
        known = memory.passwords()
        for rep in the_cast().reps:
            if rep.email not in known:
                memory.add_link(rep.email, await admin.invite(rep.name, rep.email, rep.role))
    finally:
        await admin.close()
