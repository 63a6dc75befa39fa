"""What the agent follows in a conversation: the handbook of its release, `Handbooks.of(release)`."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from weakref import WeakValueDictionary

from answerable.agents.procedures.matching import Matcher
from answerable.domain.procedures import Procedure
from answerable.domain.releases import Revision
from answerable.inference.embedders import Embedder
from answerable.inference.embedders.remembered import RememberedQueries
from answerable.knowledge.procedures.reading import by_id, read_procedure
from answerable.releases.chosen import ChosenModel, Thresholds, chosen_model, chosen_thresholds
from answerable.releases.pinned import Pinned, pinned_by
from answerable.store import Store

log = logging.getLogger(__name__)

RELEASES_REMEMBERED = 64
EXAMPLES_REMEMBERED = 4_096
_CALIBRATED, _OF_SETTINGS = Thresholds(), ChosenModel()


class Handbook:
    """The procedures of a release, what tells which of them is wanted, and all else by which a turn is answered."""

    def __init__(
        self,
        procedures: Mapping[str, Procedure],
        embedder: Embedder,
        *,
        instructions: str = "",
        thresholds: Thresholds = _CALIBRATED,
        model: ChosenModel = _OF_SETTINGS,
        examples: RememberedQueries | None = None,
    ) -> None:
        """`examples` remembers the vectors of examples that were embedded before."""
        self.procedures = procedures
        self.matcher = Matcher(procedures, embedder, remembered=examples)
        self.instructions = instructions
        self.thresholds = thresholds
        self.model = model


class Handbooks:
    """The handbook of each release. Releases that pin the same, as most do, share one."""

    def __init__(self, store: Store, embedder: Embedder) -> None:
        self._store = store
        self._embedder = embedder
        self._examples = RememberedQueries(size=EXAMPLES_REMEMBERED)
        self._of: OrderedDict[int, Handbook] = OrderedDict()
        # A handbook stays as long as it is that of a release above, or of a run under way.
        self._by_content: WeakValueDictionary[tuple[str, ...], Handbook] = WeakValueDictionary()
        self._making = asyncio.Lock()

    async def of(self, release: int) -> Handbook:
        """The handbook of a release, made off the event loop when it is first asked for."""
        if (known := self._of.get(release)) is not None:
            self._of.move_to_end(release)
            return known
        async with self._making:
            handbook = self._of.get(release) or await self._made(await pinned_by(self._store, release))
        self._of[release] = handbook
        while len(self._of) > RELEASES_REMEMBERED:
            self._of.popitem(last=False)
        return handbook

    async def _made(self, pinned: Pinned) -> Handbook:
        content = pinned.revision_ids
        handbook = self._by_content.get(content)
        if handbook is None:
            handbook = await asyncio.to_thread(self._make, pinned)
            self._by_content[content] = handbook
        return handbook

    def _make(self, pinned: Pinned) -> Handbook:
        instructions = pinned.instructions.text if pinned.instructions is not None else ""
        return Handbook(
            by_id(list(_readable(pinned.procedures))),
            self._embedder,
            instructions=instructions,
            thresholds=chosen_thresholds(pinned.thresholds),
            model=chosen_model(pinned.model),
            examples=self._examples,
        )


def _readable(revisions: Iterable[Revision]) -> Iterable[Procedure]:
    """The procedures as this program reads them. One that an older program shipped may mean nothing to it any more."""
    for each in revisions:
        procedure, faults = read_procedure(each.text, file=f"{each.title}, revision {each.number}")
        if procedure is not None:
            yield procedure
        else:
            log.warning("Conversations go on without a procedure that cannot be read any more: %s", faults[0])
