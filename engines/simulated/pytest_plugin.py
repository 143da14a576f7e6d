"""The plugin for pytest: the fixture `simulate`, and files of tests as tests where `dalsegno_tests` says so.

It is loaded by every pytest that finds dalsegno installed, so it imports nothing before it is needed.
"""

# pytest leaves untyped what makes nodes.
# pyright: reportUnknownMemberType=false

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from dalsegno.engines.simulated.expectations import Outcome
    from dalsegno.engines.simulated.suite import Suite
    from dalsegno.schema.values import JsonObject


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini("dalsegno_tests", "collect files of workflow tests, *.test.yaml", type="bool", default=False)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "TestFile | None":
    wanted = file_path.name.endswith((".test.yaml", ".test.yml")) and parent.config.getini("dalsegno_tests")
    return TestFile.from_parent(parent, path=file_path) if wanted else None


class TestFile(pytest.File):
    """A file of tests, one item each."""

    def collect(self) -> "Iterator[TestItem]":
        from dalsegno.engines.simulated.suite import Suite
        from dalsegno.schema.errors import DalsegnoError

        try:
            suite = Suite.load(self.path)
        except (DalsegnoError, OSError) as error:
            raise self.CollectError(str(error)) from None
        for test in suite.tests:
            yield TestItem.from_parent(self, name=str(test["name"]), suite=suite, test=test)


class TestItem(pytest.Item):
    """One test of a file."""

    def __init__(self, *, suite: "Suite", test: "JsonObject", name: str, parent: TestFile) -> None:
        super().__init__(name, parent)
        self._suite = suite
        self._test = test

    def runtest(self) -> None:
        differences = self._suite.run(self._test).differences
        if differences:
            pytest.fail("\n".join(differences), pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name


@pytest.fixture
def simulate(request: pytest.FixtureRequest) -> "Callable[..., Outcome]":
    """`dalsegno.testing.simulate`, with paths from the folder of the test."""
    from dalsegno.engines.simulated.suite import simulate

    def here(workflow: str, *arguments: object, **options: object) -> "Outcome":
        return simulate(request.path.parent / workflow, *arguments, **options)  # type: ignore[arg-type]

    return here
