"""Customers of benchmarks who have proved who they are, as a host page's signature does it."""

from datetime import UTC, datetime

from answerable.domain.ids import new_id
from answerable.domain.people import Proof, ProofKind
from answerable.store import Store, proofs

# Clocks are moved in benchmarks; what is proved here is proved at any time.
ALWAYS = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC))


async def prove(
    store: Store, customer_id: str, conversation_id: str, email: str | None, *, kind: ProofKind = "signed"
) -> None:
    """From now on the conversation has proved that it is this customer's, with this address."""
    proved_at, expires_at = ALWAYS
    proof = Proof(
        id=new_id("prf"),
        conversation_id=conversation_id,
        customer_id=customer_id,
        kind=kind,
        email=email,
        by="benchmark",
        proved_at=proved_at,
        expires_at=expires_at,
    )
    await store.write(proofs.add, proof)
