"""Entries of `use` that nothing uses."""

import re
from collections.abc import Iterator
from typing import Final

from dalsegno.schema.checks.document import Document
from dalsegno.schema.findings import quote
from dalsegno.schema.places import Place

#: What is named where it is used. Extensions are not: they come by themselves.
_NAMED: Final = ("authentications", "catalogs", "errors", "functions", "retries", "timeouts")

_SECRETS = re.compile(r"\bsecrets?\b(?:(?:\.|\.?\[[\"'])(?P<name>[A-Za-z_]\w*))?")


def check_unused(document: Document) -> None:
    """Points at what is defined under `use` and named nowhere.

    Only in a document without errors: the name that is misspelt where it is used is one problem, not two.
    """
    if document.findings.faulty:
        return
    guessed = any(problem.code == "unknown-function" for problem in document.findings.problems)
    for component in _NAMED:
        if component == "functions" and guessed:
            continue
        place = document.root.at("use", component)
        for name, entry in place.entries() if place is not None else ():
            if name not in document.mentioned(component):
                _report(component, name, entry, document)
    place = document.root.at("use", "secrets")
    for entry in _unused_secrets(place, document) if place is not None else ():
        _report("secrets", str(entry.value), entry, document)


def _report(component: str, name: str, entry: Place, document: Document) -> None:
    message = f"nothing uses {quote(name)} of `use.{component}`"
    document.findings.at_key("unused-definition", entry, message, hint="remove it, or use it where it belongs")


def _unused_secrets(place: Place, document: Document) -> Iterator[Place]:
    """The secrets that no expression and no authentication names; none where an expression takes them all."""
    named = set(document.mentioned("secrets"))
    for text in _texts(document.root):
        for match in _SECRETS.finditer(text):
            if match["name"] is None:
                return
            named.add(match["name"])
    yield from (entry for entry in place.elements() if entry.value not in named)


def _texts(root: Place) -> Iterator[str]:
    """Every text of the document that could be an expression with a secret in it."""
    use = root.get("use")
    todo = [place for _, place in root.entries() if use is None or place.node is not use.node]
    todo += [place for key, place in use.entries() if key != "secrets"] if use is not None else []
    while todo:
        place = todo.pop()
        if isinstance(place.value, str):
            if "secret" in place.value:
                yield place.value
        else:
            todo.extend(inner for _, inner in place.entries())
            todo.extend(place.elements())
