"""Processes: what `run` may ask of each kind (C3, C4, C23 to C26)."""

from dalsegno.schema.checks.document import Document
from dalsegno.schema.expressions import unwrap
from dalsegno.schema.findings import quote
from dalsegno.schema.structure import Mark
from dalsegno.schema.suggestions import did_you_mean

LANGUAGES = ("js", "javascript", "python")


def check_run(mark: Mark, document: Document) -> None:
    """`return` fits the kind of process, and there is something to return."""
    place = mark.place
    returned = place.get("return")
    if returned is None:
        return
    if place.get("workflow") is not None and returned.value not in ("stdout", "none"):
        message = f"a workflow has no {quote(str(returned.value))} to return"
        hint = "use stdout for its output, or none"
        document.findings.at_value("unsupported-return", returned, message, hint=hint)
        return
    awaited = place.get("await")
    if awaited is not None and awaited.value is False:
        message = "`return` has no effect beside `await: false`: the task does not wait for a result"
        document.findings.at_key("ignored-property", returned, message, hint="remove one of the two")


def check_language(mark: Mark, document: Document) -> None:
    """The languages that scripts may be written in."""
    language = mark.place.value
    if isinstance(language, str) and language not in LANGUAGES and unwrap(language) is None:
        message = f"scripts cannot be written in {quote(language)}{did_you_mean(language, LANGUAGES)}"
        document.findings.at_value("wrong-value", mark.place, message, hint="use js or python")


def check_arguments(mark: Mark, document: Document) -> None:
    """Arguments as a mapping are what older documents have."""
    if isinstance(mark.place.value, dict):
        message = "`arguments` is a list since DSL 1.0.2; a mapping is passed on as `--key value`"
        document.findings.at_key("map-arguments", mark.place, message, hint="write each argument as `- text`")


def check_lifetime(mark: Mark, document: Document) -> None:
    """`after` belongs to one policy only."""
    after, cleanup = mark.place.get("after"), mark.place.get("cleanup")
    if after is not None and cleanup is not None and cleanup.value in ("always", "never"):
        message = f"`after` has no effect beside `cleanup: {cleanup.value}`"
        document.findings.at_key(
            "ignored-property", after, message, hint="use `cleanup: eventually`, or remove `after`"
        )
