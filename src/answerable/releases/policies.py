"""What the policies of a release say for code: `policies_among(found, actions)`."""

from collections.abc import Collection, Iterable

from answerable.actions.policy_reading import Policies, PolicyPage, policies_of
from answerable.domain.releases import AssetKind
from answerable.store.assets import Revised

POLICY: tuple[AssetKind, ...] = ("policy",)


def policies_among(found: Iterable[Revised], actions: Collection[str]) -> Policies:
    """What the policies among a release's assets say. Raises Faulty, naming them by their titles."""
    wanted = [each for each in found if each.asset.kind == "policy"]
    return policies_of([PolicyPage(e.asset.key, e.revision.title, e.revision.text) for e in wanted], actions)
