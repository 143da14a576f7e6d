"""The word that somebody meant."""

from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 60  # nobody misspells a longer word, and comparing costs the square of its length
_MOST = 1_000


def closest(word: str, candidates: Iterable[str], alike: float = 0.7) -> str | None:
    """The candidate that is most like `word`, or None when none is alike enough to be meant (0: nothing, 1: all)."""
    if len(word) > _LONGEST:
        return None
    plain = {_plain(candidate): candidate for candidate in candidates if 0 < len(candidate) <= _LONGEST}
    if len(plain) > _MOST:
        return plain.get(_plain(word))
    found = get_close_matches(_plain(word), plain, n=3, cutoff=alike)
    # Letters that changed places are one slip, however different the words look.
    swapped = [candidate for candidate in found if sorted(candidate) == sorted(_plain(word))]
    return plain[(swapped or found)[0]] if found else None


def _plain(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "").replace(" ", "")


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """`, did you mean `…`?` for the end of a message, or nothing."""
    found = closest(word, candidates)
    return f", did you mean `{found}`?" if found else ""
