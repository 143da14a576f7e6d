"""The version of the DSL (W1)."""

from dalsegno.schema.checks.document import Document
from dalsegno.schema.findings import quote
from dalsegno.schema.problems import Severity
from dalsegno.schema.structure import Mark


def check_dsl(mark: Mark, document: Document) -> None:
    """1.0.x is what is implemented here; another 1.x may work, and nothing else does."""
    version = mark.place.value
    if not isinstance(version, str) or version.startswith("1.0."):
        return
    hint = "write dsl: '1.0.3'"
    if version.startswith("1."):
        message = f"version {quote(version)} of the DSL is not known here: it is read as 1.0.3"
        document.findings.at_value("unsupported-version", mark.place, message, hint=hint, severity=Severity.WARNING)
    else:
        message = f"version {quote(version)} of the DSL is not supported"
        document.findings.at_value("unsupported-version", mark.place, message, hint=hint)
