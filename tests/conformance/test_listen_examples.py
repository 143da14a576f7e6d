"""The authors' examples that listen, run as they are; what they call is a server of ours."""

from collections.abc import Sequence
from pathlib import Path

import pytest

import dalsegno
from dalsegno.schema.values import JsonObject, JsonValue

TEMPERATURE, BPM, CHECKED_OUT = (
    "com.fake-hospital.vitals.measurements.temperature",
    "com.fake-hospital.vitals.measurements.bpm",
    "com.fake-hospital.patient.checked-out",
)
HOT: JsonValue = {"temperature": 39.5}
FAST: JsonValue = {"bpm": 120}
FINE: JsonValue = {"temperature": 36.6}
CALM: JsonValue = {"bpm": 70}


def listened(path: Path, events: Sequence[tuple[str, JsonValue]]) -> JsonValue:
    """The output of an example to which these events come."""
    with dalsegno.Engine(":memory:") as engine:
        instance = engine.start(path)
        for type_, data in events:
            engine.publish({"type": type_, "data": data})
        return instance.wait(timeout=60)


@pytest.mark.parametrize(
    ("name", "events", "output"),
    [
        ("listen-to-all", [(TEMPERATURE, FINE), (BPM, FAST), (BPM, FAST), (TEMPERATURE, HOT)], [HOT, FAST]),
        ("listen-to-any-filter", [(BPM, CALM), (TEMPERATURE, FINE), (BPM, FAST)], [FAST]),
        ("listen-to-any", [("anything", 1)], [1]),
        ("listen-to-any-until-condition", [("a", 1), ("b", 2), ("c", 3), ("d", 4)], [1, 2, 3, 4]),
        (
            "listen-to-any-until-consumed",
            [(TEMPERATURE, HOT), (BPM, CALM), (BPM, FAST), (CHECKED_OUT, None)],
            [HOT, FAST],
        ),
    ],
)
def test_an_example_listens(
    conformance: Path, name: str, events: Sequence[tuple[str, JsonValue]], output: JsonValue
) -> None:
    assert listened(conformance / "examples" / f"{name}.yaml", events) == output


def test_the_envelopes_of_all(conformance: Path) -> None:
    path = conformance / "examples" / "listen-to-all read-envelope.yaml"
    envelopes = listened(path, [(BPM, FAST), (TEMPERATURE, HOT)])
    assert isinstance(envelopes, list)
    found = [(each["type"], each["data"]) for each in envelopes if isinstance(each, dict)]
    assert found == [(TEMPERATURE, HOT), (BPM, FAST)]


def test_what_cannot_be_run_as_its_comments_promise_says_why(conformance: Path) -> None:
    """The example binds the room, and then looks for `.data` in an array (language-decisions.md, last section)."""
    sensor: JsonObject = {"source": "https://my.home.com/sensor", "roomid": "1", "data": {"reading": 1}}
    with dalsegno.Engine(":memory:") as engine:
        instance = engine.start(conformance / "examples" / "accumulate-room-readings.yaml")
        for kind in ("temperature", "humidity"):
            engine.publish({**sensor, "type": f"my.home.sensors.{kind}"})
        with pytest.raises(dalsegno.WorkflowFaulted, match="consumeReading"):
            instance.wait(timeout=60)
