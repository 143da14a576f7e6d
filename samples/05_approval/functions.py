"""A pretended approver: small sums are approved when asked for the third time, large ones are never looked at."""

import dalsegno


@dalsegno.activity
def ask_approver(approver: str, expense: dict[str, object], question: int) -> str | None:
    """The approver's answer, or None while there is none yet."""
    cents = expense["cents"]
    assert isinstance(cents, int)
    dalsegno.current().logger.info("question %d to %s", question, approver)
    return "yes" if cents <= 50_000 and question >= 3 else None


@dalsegno.activity
def tell(text: str) -> str:
    """Send a note; gives the note as it was sent."""
    return text
