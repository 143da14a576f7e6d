"""Links between our own pages lead somewhere, down to the heading."""

import re
from pathlib import Path

import pytest

from repository import ROOT, files

PAGES = [ROOT / path for path in files() if path.suffix == ".md"]
LINK = re.compile(r"\[[^\]]*\]\((?!https?:)(?P<path>[^)#]*)#?(?P<heading>[^)]*)\)")


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in LINK.finditer(prose):
        target = page.parent / link["path"] if link["path"] else page
        assert target.exists(), f"{link[0]} leads nowhere"
        if link["heading"]:
            assert link["heading"] in anchors(target), f"{link[0]}: there is no such heading"
