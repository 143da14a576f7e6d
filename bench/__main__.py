"""What the engine must show, beside others of its kind, in one run: a row for each number, with what is to be reached.

Ours is the median of 5 runs; each peer runs once. Every process that is measured is one of its own, its stores are
durable (WAL, synchronous=FULL), and stand in a folder of the disk that is to be measured.

Usage: python bench [POINT …] [--json] [--quick]

  PEERS=5        the peers' medians of 5 too; PEERS=0: ours alone
  PEERS_SLOW=1   Temporal and Restate too, which takes minutes; PEERS_SLOW=restate: that one
  BENCH_DIR      the folder for stores: the disk that is measured (default: the system's for temporary files)
  BENCH_PYTHON   the Python that has the extra `bench` (default: .venv-bench/bin/python, which `make bench` makes)
  BENCH_RUNS     how often ours is measured
"""

import argparse
import os
import signal
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from laboratory import QUICK_PEERS, SLOW_PEERS, Failed, Laboratory, peers_python
from points import POINTS
from rows import Row, as_json, table
from scenarios import FULL, QUICK


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("points", nargs="*", type=int, choices=[[], *POINTS], help="which points; all")
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--quick", action="store_true", help="small counts: does it run? The numbers mean nothing.")
    asked = parser.parse_args()
    # An installed package is compiled already; what is measured must not compile itself in each of its processes.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    lab = laboratory(quick=asked.quick)
    rows: list[Row] = []
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):  # What was measured until then is worth printing.
        for number in asked.points or POINTS:
            try:
                for row in POINTS[number](lab):
                    rows.append(row)
            except Failed as error:
                rows.append(Row(number, POINTS[number].__name__, None, "", note=f"failed: {error}"))
    lab.progress("")
    about = {"disk": str(lab.folder), "flushes": "of the disk" if lab.counting else "commits", "runs": lab.runs}
    if asked.json:
        print(as_json(rows, about))
        return
    print(table(rows))
    print(f"Stores in {lab.folder}; flushes (ours : theirs) are {about['flushes']}. ", end="")
    print(f"Ours: median of {lab.runs}; peers: of {lab.peer_runs}. ×: how many times faster, or as much, ours is.")


def laboratory(*, quick: bool) -> Laboratory:
    """What the environment asks for."""
    peer_runs, python = int(os.environ.get("PEERS", "1")), peers_python()
    slow = os.environ.get("PEERS_SLOW", "")
    peers = (*QUICK_PEERS, *(peer for peer in SLOW_PEERS if slow == "1" or peer in slow.split(",")))
    if python is None and peer_runs:
        print("no peers: `make bench` installs them in .venv-bench; BENCH_PYTHON names another", file=sys.stderr)
    return Laboratory(
        python=python or "",
        folder=Path(os.environ.get("BENCH_DIR") or tempfile.gettempdir()),
        sizes=QUICK if quick else FULL,
        runs=int(os.environ.get("BENCH_RUNS", "2" if quick else "5")),
        peer_runs=peer_runs,
        peers=peers if peer_runs and python else (),
        progress=_line if sys.stderr.isatty() else lambda _: None,
    )


def _line(text: str) -> None:
    """The one line that says what is going on; an empty one takes it away."""
    print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
