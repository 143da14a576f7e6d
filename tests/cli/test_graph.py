"""`graph`: a picture of a document, or of how far an instance has come."""

from xml.etree import ElementTree

import pytest

from command_line import CommandLine

ORDER = """
do:
  - pack: {set: {boxes: 2}}
  - decide:
      switch:
        - large: {when: .boxes > 10, then: askAda}
        - small: {then: rest}
  - askAda: {call: decline}
  - rest: {wait: {hours: 1}}
"""


@pytest.fixture
def order(dalsegno: CommandLine) -> str:
    return dalsegno.document("order", ORDER)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")]


def boxes(svg: str) -> list[str]:
    """The classes of the boxes of tasks, in document order."""
    found = [element.get("class", "") for element in ElementTree.fromstring(svg).iter()]
    return [classes for classes in found if classes.split()[:1] == ["box"]]


def test_a_document_is_drawn_as_svg(dalsegno: CommandLine, order: str) -> None:
    answer = dalsegno("graph", order)
    assert (answer.code, answer.err) == (0, "")
    shown = texts(answer.out)
    assert shown[:2] == ["order", "tests · 1.0.0"]
    assert {"pack", "decide", "large: .boxes > 10", "askAda", "call decline", "1 hours"} <= set(shown)
    assert boxes(answer.out) == ["box"] * 4


def test_and_as_mermaid(dalsegno: CommandLine, order: str) -> None:
    answer = dalsegno("graph", order, "--format", "mermaid")
    assert answer.out.splitlines()[3:6] == ["flowchart TD", "  start(( ))", '  t0["<b>pack</b><br/>set<br/>boxes"]']
    assert '  t1 -. "large: .boxes #62; 10" .-> t2' in answer.out.splitlines()


def test_an_instance_is_drawn_with_what_has_run_and_what_waits(dalsegno: CommandLine, order: str) -> None:
    kept = ("--functions", "functions.py", "--store", "s.db")
    assert dalsegno("run", order, *kept, "--id", "order-7", "--timeout", "50ms").code == 4
    answer = dalsegno("graph", "order-7", "--store", "s.db")
    assert texts(answer.out)[1] == "tests · 1.0.0 · order-7, waiting"
    assert boxes(answer.out) == ["box completed", "box completed", "box", "box waiting"]


def test_a_failed_instance_shows_where(dalsegno: CommandLine) -> None:
    document = dalsegno.document("declined", "do: [{pay: {call: decline}}]")
    dalsegno("run", document, "--functions", "functions.py", "--store", "s.db", "--id", "x")
    assert boxes(dalsegno("graph", "x", "--store", "s.db").out) == ["box faulted"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("graph", "nobody"), 2, "dalsegno.db"),
        (("graph", "broken.yaml"), 1, "broken.yaml"),
    ],
)
def test_what_cannot_be_drawn_is_said(dalsegno: CommandLine, arguments: tuple[str, ...], code: int, says: str) -> None:
    dalsegno.write("broken.yaml", "do: [")
    answer = dalsegno(*arguments)
    assert (answer.code, answer.out) == (code, "")
    assert says in answer.err
