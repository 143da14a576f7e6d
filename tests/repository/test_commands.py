"""The commands that the documents promise are the ones that the Makefile has."""

import re

import pytest

from repository import ROOT


def targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z][a-z-]*):", makefile, flags=re.MULTILINE))


def commands(markdown: str) -> set[str]:
    """The targets of `make` in code spans and code blocks."""
    code = re.findall(r"```.*?```|`[^`\n]+`", markdown, flags=re.DOTALL)
    return {target for snippet in code for target in re.findall(r"\bmake ([a-z][a-z-]*)", snippet)}


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_every_command_of_a_document_is_a_target(document: str) -> None:
    path = ROOT / document
    if not path.exists():
        pytest.skip(f"{document} is not written yet")
    promised = commands(path.read_text(encoding="utf-8"))
    assert promised, f"{document} names no make command"
    assert promised <= targets()


def test_every_target_says_what_it_does() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    explained = set(re.findall(r"^([a-z][a-z-]*):.*## ", makefile, flags=re.MULTILINE))
    assert explained == targets()
