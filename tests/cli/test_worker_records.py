"""What a worker logs: a service has nobody at a terminal, so warnings are always on stderr, each in one line."""

import re
import signal

from command_line import CommandLine, ended, wait_until
from dalsegno.engines.documents import load
from dalsegno.engines.embedded.visitor import Visitor

BROKEN = """
import dalsegno


@dalsegno.activity
def broken() -> None:
    dalsegno.current().logger.info("as far as here")
    raise ValueError("boom")
"""


def records(dalsegno: CommandLine, instance: str, *options: str) -> list[str]:
    """What is logged while an instance runs into its fault."""
    with Visitor(dalsegno.folder / "s.db") as visitor:
        visitor.start(load(dalsegno.folder / "faulty.yaml"), id=instance)
    with open(dalsegno.folder / f"{instance}.err", "wb") as err:
        worker = dalsegno.start("worker", "--store", "s.db", "--functions", "broken.py", *options, stderr=err)
    wait_until(lambda: any("boom" in line for line in dalsegno.lines(f"{instance}.err")), worker)
    worker.send_signal(signal.SIGTERM)
    ended(worker)
    return [line for line in dalsegno.lines(f"{instance}.err") if not line.startswith("dalsegno: ")]


def test_a_worker_says_what_failed_for_which_instance(dalsegno: CommandLine) -> None:
    dalsegno.write("broken.py", BROKEN)
    dalsegno.document("faulty", "do: [{a: {call: broken}}]")
    failed, where = records(dalsegno, "one")
    assert re.fullmatch(r"\S+Z ERROR dalsegno\.activities one /do/0/a: activity broken failed", failed)
    assert re.fullmatch(r"  ValueError: boom \(.*broken\.py:8\)", where)

    info, *more = records(dalsegno, "two", "--verbose")
    assert re.fullmatch(r"\S+Z INFO two /do/0/a: as far as here", info)
    assert len(more) == 2
