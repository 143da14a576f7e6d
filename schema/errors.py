"""The root of every exception that Dalsegno raises on purpose."""


class DalsegnoError(Exception):
    """Something that the caller, the document or the workflow has to answer for; the message says what to do."""


class InternalError(Exception):
    """A fault of ours: it is never caught on behalf of a document, and asks to be reported."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message}. This is a bug in Dalsegno, please report it.")
