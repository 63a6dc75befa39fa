"""Articles of the invented company that these tests ask about."""

from answerable.agents.found import Found, FoundHit, FoundQuote

REFUNDS = """Refunds reach your card in **5 business days**. Exchanges take 7 days.

To ask for a refund:

1. Open [Settings](settings.md) and choose `Billing`.
2. Click **Refund**.

You cannot get a refund after 30 days. The Pro plan costs €84.00 a month, Basic costs €12."""

ERRORS = "Error INV-403 means that the invoice was paid on 3 March. Write to billing@ledgerly.example if it was not."

RUECKGABE = "Die Rückerstattung dauert höchstens 14 Tage. Sie können sie in den Einstellungen beantragen."


def hit(
    text: str,
    *,
    number: int = 1,
    title: str = "Refund times",
    score: float = 0.9,
    quotes: tuple[FoundQuote, ...] = (),
) -> FoundHit:
    return FoundHit(
        number=number,
        passage_id=f"psg_{number}",
        article_id=f"art_{number}",
        revision_id=f"rev_{number}",
        title=title,
        url=f"https://help.ledgerly.example/{number}",
        heading_path=(),
        text=text,
        score=score,
        quotes=quotes,
    )


def quote(text: str, words: str, score: float) -> FoundQuote:
    start = text.index(words)
    return FoundQuote(words, start, start + len(words), score)


def sure(*hits: FoundHit) -> Found:
    return Found(confidence=0.9, threshold=0.5, hits=hits)


def unsure(*hits: FoundHit) -> Found:
    return Found(confidence=0.2, threshold=0.5, hits=hits)
