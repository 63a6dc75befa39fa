"""What the scripted models of turns.py look up and say, so that the bare run and the peers do the same work."""

import json
import re

INSTRUCTIONS = "Answer."
QUERY = "How long do refunds take?"
PASSAGE = "A refund reaches your card 3 to 5 business days after we approve it. Your bank may take longer. " * 8
ANSWER = "From *Refunds to your card*: A refund reaches your card 3 to 5 business days after we approve it. [1]"
# Three words each, as the embedded model streams them.
PIECES = tuple(re.findall(r"(?:\S+\s*){1,3}", ANSWER))


def search_result(query: str) -> str:
    """What the search tool gives, whatever is asked."""
    hit = {"title": "Refunds to your card", "text": PASSAGE, "score": 0.8}
    return json.dumps({"query": query, "hits": [{"number": number, **hit} for number in range(1, 6)]})
