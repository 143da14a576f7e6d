"""`dalsegno test`."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dalsegno.cli.exits import Exit, WrongUsage
from dalsegno.cli.options import Debug
from dalsegno.cli.output import line, note, one_line, write_json

if TYPE_CHECKING:
    from dalsegno.engines.simulated.coverage import Coverage
    from dalsegno.engines.simulated.suite import Result, Suite
    from dalsegno.schema.values import JsonObject

Files = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FILE|FOLDER]...", help="Files of tests, or folders that hold some.", show_default=False),
]
Match = Annotated[
    str | None,
    typer.Option("--only", metavar="TEXT", help="Only the tests with this in their name.", show_default=False),
]
Junit = Annotated[
    str | None, typer.Option("--junit", metavar="FILE", help="Also write a JUnit report.", show_default=False)
]


class Report(StrEnum):
    """How results are written."""

    TEXT = "text"
    JSON = "json"


Output = Annotated[
    Report, typer.Option("--output", metavar="text|json", help="Text for people, or JSON.", show_default=True)
]


def run_tests(
    files: Files = None,
    only: Match = None,
    junit: Junit = None,
    output: Output = Report.TEXT,
    debug: Debug = False,
) -> Exit:
    """Run the tests of workflows, in virtual time: what would take days takes none, and nothing outside is called.

    Without arguments, those of the working directory: all files *.test.yaml. The exit code is 0 when every test passes.

    \b
    Examples:
      dalsegno test
      dalsegno test order.test.yaml --only refund
      dalsegno test workflows --junit report.xml
    """
    from dalsegno.cli.problems import write_problems
    from dalsegno.engines.simulated.suite import Suite
    from dalsegno.schema.problems import InvalidDocument

    results: dict[str, Sequence[Result]] = {}
    suites: list[Suite] = []
    broken = False
    for file in _files(files or ["."]):
        try:
            suite = Suite.load(file)
        except InvalidDocument as error:
            write_problems(error.problems)
            broken = True
            continue
        except OSError as error:
            raise WrongUsage(f"{file}: cannot read {error.filename}: {error.strerror}") from error
        results[file] = [suite.run(test) for test in suite.tests if only is None or only in str(test["name"])]
        suites.append(suite)
        if output is Report.TEXT:
            _write(file, results[file], suite.coverage if only is None else None)
    if junit is not None:
        _report(junit, results)
    if output is Report.JSON:
        write_json([_as_json(suite, results[str(suite.path)]) for suite in suites])
    failed = sum(not result.passed for tests in results.values() for result in tests)
    note(_summary(sum(map(len, results.values())), failed))
    return Exit.AT_FAULT if failed or broken else Exit.DONE


def _files(named: Sequence[str]) -> list[str]:
    found: list[str] = []
    for name in named:
        if Path(name).is_dir():
            found += sorted(str(path) for path in Path(name).rglob("*.test.y*ml") if ".venv" not in path.parts)
        elif Path(name).is_file():
            found.append(name)
        else:
            raise WrongUsage(f"test: there is no file or folder {name}")
    if not found:
        raise WrongUsage(f"test: no file named *.test.yaml in {', '.join(named)}")
    return found


def _write(file: str, results: "Sequence[Result]", coverage: "Coverage | None") -> None:
    line(file)
    for result in results:
        line(f"  {'✓' if result.passed else '✗'} {one_line(result.name)}")
        for difference in result.differences:
            line(f"      {one_line(difference)}")
    if coverage is not None:
        line(f"  {_covered(coverage)}")
        for missed in coverage.missed:
            line(f"      never: {one_line(missed)}")


def _covered(coverage: "Coverage") -> str:
    tasks, branches = coverage.all_tasks, coverage.all_branches
    text = f"{len(coverage.tasks.intersection(tasks))} of {len(tasks)} tasks"
    return f"{text}, {len(coverage.branches.intersection(branches))} of {len(branches)} branches" if branches else text


def _summary(tests: int, failed: int) -> str:
    passed = (
        f"{tests - failed} of {tests} tests passed" if failed else f"{tests} test{'' if tests == 1 else 's'} passed"
    )
    return passed


def _report(path: str, results: "dict[str, Sequence[Result]]") -> None:
    from dalsegno.engines.simulated.junit import junit

    try:
        Path(path).write_text(junit(results), encoding="utf-8")
    except OSError as error:
        raise WrongUsage(f"--junit: cannot write {path}: {error.strerror}") from error


def _as_json(suite: "Suite", results: "Sequence[Result]") -> "JsonObject":
    coverage = suite.coverage
    return {
        "file": str(suite.path),
        "tests": [
            {"name": result.name, "passed": result.passed, "differences": list(result.differences)}
            for result in results
        ],
        "coverage": {
            "tasks": len(coverage.tasks.intersection(coverage.all_tasks)),
            "allTasks": len(coverage.all_tasks),
            "branches": len(coverage.branches.intersection(coverage.all_branches)),
            "allBranches": len(coverage.all_branches),
            "missed": list(coverage.missed),
        },
    }
