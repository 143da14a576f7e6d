"""The root of every exception that Dalsegno raises on purpose."""


class DalsegnoError(Exception):
    """Something that the caller, the document or the workflow has to answer for; the message says what to do."""


class InternalError(Exception):
    """A fault of ours: it is never caught on behalf of a document, and asks to be reported."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message}. This is a bug in Dalsegno, please report it.")


class HostLimit(DalsegnoError):
    """This machine's patience or memory has an end here; nothing is said about the document or its data.

    Another machine may get further, so it is no expression error, no `try` catches it, and nothing of it is logged: the
    turn is dropped, and the instance is suspended with this message, which says what was limited and what to do.
    """
