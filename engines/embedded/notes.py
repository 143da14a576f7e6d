"""Notes: letters that are for no instance, but about the schedule of a workflow (activation.py does what they say)."""

import msgspec

from dalsegno.engines.embedded.store import Store

#: The execution of such letters.
STORE = 0

ACTIVATE, PAUSE, RESUME = "activate", "pause", "resume"


class Note(msgspec.Struct, frozen=True):
    """Which workflow's schedule, and why."""

    namespace: str
    name: str
    reason: str | None = None


def leave(store: Store, kind: str, note: Note) -> None:
    """Leaves a note for the owner, in the caller's transaction."""
    store.inbox.add(STORE, kind, msgspec.json.encode(note).decode())
