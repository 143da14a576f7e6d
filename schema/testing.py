"""Files of tests (`order.test.yaml`): whether one has the structure that it should, in the validator's own words."""

from dataclasses import replace
from datetime import datetime

from dalsegno.schema import structure
from dalsegno.schema.durations import milliseconds
from dalsegno.schema.findings import Findings
from dalsegno.schema.places import Place
from dalsegno.schema.problems import InvalidDocument, Severity
from dalsegno.schema.rules import tests_rule
from dalsegno.schema.source import parse
from dalsegno.schema.structure import Mark
from dalsegno.schema.values import JsonObject, as_object


def read_tests(text: str | bytes, path: str | None = None) -> JsonObject:
    """The content of a file of tests; `path` is only put into the problems. Raises InvalidDocument."""
    source = parse(text)
    problems = list(source.problems)
    if source.root is not None:
        findings = Findings()
        for mark in structure.check(Place(source.root), tests_rule(), findings):
            _CHECKS[mark.rule.check](mark, findings)
        problems += findings.problems
    if source.root is None or any(problem.severity is Severity.ERROR for problem in problems):
        problems.sort(key=lambda problem: (problem.line, problem.column))
        raise InvalidDocument(replace(problem, path=path) for problem in problems)
    return as_object(source.root.value)


def instant(text: str) -> int:
    """A time in milliseconds since the epoch; one without an offset is UTC. Raises ValueError."""
    time = datetime.fromisoformat(text)
    return round((time if time.tzinfo else datetime.fromisoformat(f"{text}+00:00")).timestamp() * 1000)


def _check_duration(mark: Mark, findings: Findings) -> None:
    try:
        milliseconds(mark.place.value)
    except ValueError as error:
        findings.at_value("invalid-duration", mark.place, str(error))


def _check_time(mark: Mark, findings: Findings) -> None:
    try:
        instant(str(mark.place.value))
    except ValueError:
        shown = f"`{mark.place.name}` is no time"
        findings.at_value("wrong-value", mark.place, shown, hint="write it like 2026-01-31T12:00:00Z")


_CHECKS = {"duration": _check_duration, "time": _check_time}
