"""How much of a thing a test does: enough to find a mistake in `make check`, the full number in `make soak`."""

import os


def soaking() -> bool:
    """Whether `make soak` asked for the full numbers."""
    return os.environ.get("DALSEGNO_SOAK") == "1"


def count(small: int, full: int) -> int:
    """The small number in `make test` and `make check`, the full one in `make soak`."""
    return full if soaking() else small
