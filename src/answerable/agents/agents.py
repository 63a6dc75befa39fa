"""The agent of each release: `Agents.of(release)`. It holds a handbook, and nothing by which it could get another."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from answerable.agents.answer import SupportAgent
from answerable.agents.procedures.handbooks import Handbook

AGENTS_REMEMBERED = 16

AgentOf = Callable[[int], Awaitable[SupportAgent]]
"""The agent as a release has it."""


class Agents:
    """One agent for each handbook, on one model."""

    def __init__(
        self, handbook_of: Callable[[int], Awaitable[Handbook]], agent_with: Callable[[Handbook], SupportAgent]
    ) -> None:
        self._handbook_of = handbook_of
        self._agent_with = agent_with
        self._made: OrderedDict[Handbook, SupportAgent] = OrderedDict()

    async def of(self, release: int) -> SupportAgent:
        """The agent as a release has it, made when it is first asked for: the schemas of its tools are checked then."""
        handbook = await self._handbook_of(release)
        agent = self._made.get(handbook) or self._agent_with(handbook)
        self._made[handbook] = agent
        self._made.move_to_end(handbook)
        while len(self._made) > AGENTS_REMEMBERED:
            self._made.popitem(last=False)
        return agent
