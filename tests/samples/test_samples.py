"""Every sample does what its README and its expected output say, run as a user runs it."""

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import dalsegno
from dalsegno.activities.registry import Activities, load_functions
from dalsegno.engines.simulated.suite import Suite
from dalsegno.interpreter import AnyEvent, Machine, compile, replay, take
from dalsegno.interpreter.events import FACTS, decode
from dalsegno.schema.validation import check
from repository import ROOT

SAMPLES = sorted(path for path in (ROOT / "samples").iterdir() if path.is_dir())
# These have a story of their own, below.
STORIES = {"03_http_pipeline", "07_order_events", "06_power_cut", "11_agent"}
# These wait for an event from somebody else.
WAITING = {ROOT / "samples/10_human_approval/input.json"}
INPUTS = sorted(
    path for path in ROOT.glob("samples/*/input*.json") if path.parent.name not in STORIES and path not in WAITING
)


def dalsegno_run(sample: Path, given: Path, folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    command = [str(Path(sys.executable).parent / "dalsegno"), "run", str(sample / "workflow.yaml"), f"--input=@{given}"]
    if (sample / "functions.py").exists():
        command += ["--functions", str(sample / "functions.py")]
    return subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True, check=False)


def functions(sample: Path) -> list[Callable[..., object]]:
    file = sample / "functions.py"
    return load_functions(str(file)) if file.exists() else []


def expected(given: Path) -> Any:
    return json.loads(given.with_name(given.name.replace("input", "expected")).read_text(encoding="utf-8"))


@pytest.mark.parametrize("given", INPUTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_sample_prints_what_is_expected(given: Path, tmp_path: Path) -> None:
    ran = dalsegno_run(given.parent, given, tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == expected(given)


@pytest.mark.parametrize("given", INPUTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_prefix_of_a_samples_log_replays_to_the_same_machine(given: Path, tmp_path: Path) -> None:
    sample = given.parent
    document, store = sample / "workflow.yaml", str(tmp_path / "samples.db")
    input_ = json.loads(given.read_text(encoding="utf-8"))
    dalsegno.run(document, input_, store=store, id="sample", activities=functions(sample))
    log = recorded_log(store, "sample")
    graph = compile(dalsegno.load(document))
    live = Machine(graph)
    for event in log:
        if isinstance(event, FACTS):
            live.apply(event)
            replayed = replay(graph, log[: live.position])
            assert take(replayed) == take(live)
            assert replayed.outcome == live.outcome
    assert live.position == len(log)


def recorded_log(store: str, id_: str) -> list[AnyEvent]:
    """The events of an instance, from what `dalsegno history` prints."""
    command = [str(Path(sys.executable).parent / "dalsegno"), "history", id_, "--store", store, "--output", "json"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [json.loads(line) for line in printed.splitlines()]
    return [decode(json.dumps({"event": row["event"], "at": milliseconds(row["time"]), **row["data"]})) for row in rows]


def milliseconds(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * 1000)


def test_the_pipeline_talks_to_a_service_of_its_own(tmp_path: Path) -> None:
    sample = ROOT / "samples/03_http_pipeline"
    ran = subprocess.run(
        [sys.executable, "-W", "error", str(sample / "run.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == expected(sample / "input.json")


def test_the_trip_goes_on_after_a_power_cut(tmp_path: Path) -> None:
    sample = ROOT / "samples/06_power_cut"
    given = sample / "input.json"
    options = ("--store", "trip.db", "--id", "trip-1")

    assert dalsegno_run(sample, given, tmp_path, *options).returncode == -9
    ran = dalsegno_run(sample, given, tmp_path, *options)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == expected(given)
    journal = (tmp_path / "journal.txt").read_text(encoding="utf-8").splitlines()
    assert journal == ["hotel, attempt 1", "train, attempt 1", "train, attempt 2", "museum, attempt 1"]

    again = dalsegno_run(sample, given, tmp_path, *options)
    assert (again.returncode, again.stdout) == (0, ran.stdout)
    assert (tmp_path / "journal.txt").read_text(encoding="utf-8").splitlines() == journal


def test_the_orders_follow_their_own_events(tmp_path: Path) -> None:
    sample = ROOT / "samples/07_order_events"
    command = [sys.executable, "-W", "error", str(sample / "run.py")]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == expected(sample / "input.json")


def test_the_expense_is_decided_by_somebody_else(tmp_path: Path) -> None:
    sample = ROOT / "samples/10_human_approval"
    given = sample / "input.json"
    program = str(Path(sys.executable).parent / "dalsegno")
    for decision in ('{"by": "Grace", "approved": true}', '{"by": "Ada", "approved": true}'):
        command = [program, "raise", "expense-7", "expense.decided", "--data", decision, "--store", "expenses.db"]
        raised = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        # The instance need not be there yet.
        assert raised.returncode == 0, raised.stderr
    ran = dalsegno_run(sample, given, tmp_path, "--store", "expenses.db", "--id", "expense-7")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == expected(given)


def test_the_agent_uses_its_tool_where_that_is_allowed(tmp_path: Path) -> None:
    sample = ROOT / "samples/11_agent"
    given, tool = sample / "input.json", f"--workflow={sample / 'calculator.yaml'}"
    ran = dalsegno_run(sample, given, tmp_path, tool, "--allow=script")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == expected(given)
    # Without the permission the model tries for ever, and the workflow does not let it.
    refused = dalsegno_run(sample, given, tmp_path, tool)
    assert refused.returncode == 1
    assert json.loads(refused.stderr)["type"] == "https://example.com/errors/too-many-steps"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_samples_own_tests_pass_and_go_every_way(sample: Path) -> None:
    suite = Suite.load(sample / "workflow.test.yaml")
    assert {test["name"]: suite.run(test).differences for test in suite.tests} == {
        test["name"]: () for test in suite.tests
    }
    assert suite.coverage.missed == []


def test_all_samples_are_tested_with_one_command(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "dalsegno"), "test", str(ROOT / "samples")]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.count("workflow.test.yaml") == len(SAMPLES)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_is_valid_and_complete(sample: Path) -> None:
    known = Activities(functions(sample)).names
    assert not check((sample / "workflow.yaml").read_bytes(), functions=known)[1]
    for name in ("README.md", "input.json", "expected.json", "workflow.test.yaml"):
        assert (sample / name).is_file(), f"{name} is missing"
    assert f"samples/{sample.name}/" in (sample / "README.md").read_text(encoding="utf-8")


def test_the_readings_are_what_their_script_makes() -> None:
    sample = ROOT / "samples/04_batch"
    spec = importlib.util.spec_from_file_location("make_readings", sample / "make_readings.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert (sample / "input.json").read_text(encoding="utf-8") == script.text()
