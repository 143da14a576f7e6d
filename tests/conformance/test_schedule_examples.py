"""The specification's own scheduled examples are followed."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from conformance_data import cases
from dalsegno.interpreter.commands import AwaitMessage, StartTimer
from dalsegno.interpreter.scheduling import Scheduler
from host import workflow
from schedules import NOON, first


@pytest.mark.parametrize("path", cases("examples/schedule-*.yaml"))
def test_a_scheduled_example_waits_for_its_time_or_its_events(path: Path) -> None:
    flow = workflow(path.read_text(encoding="utf-8"))
    scheduler = Scheduler(flow, ZoneInfo)
    (asked,) = scheduler.apply(first(flow, NOON, "UTC"))
    if "cron" in path.stem:
        assert isinstance(asked, StartTimer)
        assert asked.deadline == NOON + 12 * 3_600_000
    else:
        assert isinstance(asked, AwaitMessage)
        assert len(asked.filters) == 1
