"""A pretended payment."""

import dalsegno


@dalsegno.activity
async def charge(cents: int) -> str:
    """Pretends to charge a card."""
    return f"{cents / 100:.2f} charged"
