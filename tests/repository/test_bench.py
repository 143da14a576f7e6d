"""The benchmarks run; what they measure is nobody's business here."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def bench(folder: Path, *points: str) -> list[dict[str, object]]:
    environment = {**os.environ, "PEERS": "0", "BENCH_RUNS": "1", "BENCH_DIR": str(folder)}
    command = [sys.executable, "bench", *points, "--quick", "--json"]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    rows: list[dict[str, object]] = json.loads(ran.stdout)["rows"]
    return rows


def test_each_point_gives_rows_and_what_is_to_be_reached(tmp_path: Path) -> None:
    rows = bench(tmp_path, "1", "3", "5", "8")

    assert {row["point"] for row in rows} == {1, 3, 5, 8}
    assert all(row["ours"] for row in rows), "a number was not measured"
    assert all(row["goal"] or "×" in str(row["note"]) for row in rows)
    assert not list(tmp_path.iterdir()), "stores stay behind"
