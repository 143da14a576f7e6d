"""A file of tests: read, and each test run in a world of its own."""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.call import Call
from dalsegno.activities.loading import load_functions
from dalsegno.activities.registry import ADAPTERS, Activities
from dalsegno.activities.secrets import Secrets
from dalsegno.engines.documents import Door, Source, location_of, runnable
from dalsegno.engines.simulated.coverage import Coverage
from dalsegno.engines.simulated.elsewhere import fetched
from dalsegno.engines.simulated.expectations import Outcome, differences
from dalsegno.engines.simulated.mocks import Asked, Mocks, Reply, Unanswered
from dalsegno.engines.simulated.world import Life, World
from dalsegno.interpreter.codec import masked
from dalsegno.interpreter.commands import CancelInstance, CompleteInstance, FaultInstance
from dalsegno.interpreter.events import InstanceStarted
from dalsegno.interpreter.expressions import ExpressionError, ExpressionSyntaxError
from dalsegno.interpreter.messages import composed
from dalsegno.interpreter.notices import Notice, Observer, TaskStarted
from dalsegno.interpreter.sources import ACTIVITY
from dalsegno.schema.durations import milliseconds
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.model import Workflow
from dalsegno.schema.testing import instant, read_tests
from dalsegno.schema.values import JsonObject, JsonValue, as_object, items

# When tests begin that do not say when: a Monday, at noon, UTC.
_START = "2026-01-05T12:00:00+00:00"
_SUFFIX = ".test"


@dataclass(frozen=True, slots=True)
class Result:
    """One test: it passed when there are no `differences`, which are sentences."""

    name: str
    differences: Sequence[str] = ()

    @property
    def passed(self) -> bool:
        return not self.differences


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests of one file. `functions` are really called where no mock answers."""

    path: Path
    workflow: Workflow
    workflows: Sequence[Workflow]
    functions: Sequence[Callable[..., object]]
    mocks: Sequence[JsonValue]
    tests: Sequence[JsonObject]
    coverage: Coverage = field(repr=False)

    @classmethod
    def load(cls, path: "str | os.PathLike[str]") -> "Suite":
        """The tests of a file.

        Raises InvalidDocument for a file, or a document, with mistakes in it; FileNotFoundError; DalsegnoError for
        functions that cannot be loaded.
        """
        file = Path(path)
        content = read_tests(file.read_bytes(), os.fspath(path))
        functions = [
            function
            for source in _texts(content.get("functions"))
            for function in load_functions(_beside(file, source))
        ]
        named = content.get("workflow")
        document = file.parent / named if isinstance(named, str) else _document(file)
        workflow = _load(document)
        return cls(
            path=file,
            workflow=workflow,
            workflows=[_load(file.parent / text) for text in _texts(content.get("workflows"))],
            functions=functions,
            mocks=items(content.get("mocks")),
            tests=[as_object(test) for test in items(content["tests"])],
            coverage=Coverage(workflow),
        )

    def run(self, test: JsonObject) -> Result:
        """One of the tests."""
        name = str(test["name"])
        try:
            return Result(name, tuple(differences(as_object(test.get("expect")), self.play(test))))
        except (DalsegnoError, ExpressionError, ExpressionSyntaxError) as error:
            return Result(name, (str(error),))

    def play(self, test: JsonObject, observer: Observer | None = None) -> Outcome:
        """What comes of a test, whatever it expects. Raises DalsegnoError for a call that nobody answers."""
        began: list[str] = []

        def watch(notice: Notice) -> None:
            self.coverage(notice)
            if observer is not None:
                observer(notice)
            if isinstance(notice, TaskStarted):
                began.append(notice.reference)

        start = instant(str(test.get("start", _START)))
        mocks = Mocks([*items(test.get("mocks")), *self.mocks])
        known = {f"{each.namespace}/{each.name}" for each in self.workflows}
        secrets = Secrets(as_object(test.get("secrets")))
        world = World(start, lambda asked: self._answer(mocks, known, secrets, asked), self.workflows, watch)
        crashes = [int(number) for number in items(test.get("crash")) if isinstance(number, int)]
        life = world.start(self.workflow, self._started(test), crashes)
        self._plan(world, life, test)
        world.run()
        return _outcome(world, life, began, start)

    def _plan(self, world: World, life: Life, test: JsonObject) -> None:
        for number, entry in enumerate(map(as_object, items(test.get("messages")))):
            defaults: JsonObject = {"specversion": "1.0", "id": f"message-{number}", "source": "/test"}
            message = composed(as_object(entry["message"]), defaults)
            world.later(milliseconds(entry["after"]), _publishing(world, message))
        if "cancel" in test:
            cancel = as_object(test["cancel"])
            reason = cancel.get("reason")
            text = reason if isinstance(reason, str) else None
            world.later(milliseconds(cancel["after"]), lambda: world.cancel(life, text))

    def _started(self, test: JsonObject) -> InstanceStarted:
        workflow = self.workflow
        return InstanceStarted(
            at=0,
            instance="test",
            execution="00000000-0000-4000-8000-000000000000",
            namespace=workflow.namespace,
            name=workflow.name,
            version=workflow.version,
            digest=workflow.digest,
            # The same chance each time, and another one for another test.
            seed=blake2b(str(test["name"]).encode(), digest_size=16).hexdigest(),
            input=test.get("input", {}),
            runtime={"name": "dalsegno", "version": "test", "metadata": {}},
            location=location_of(workflow),
        )

    def _answer(self, mocks: Mocks, known: "set[str]", secrets: Secrets, asked: Asked) -> Reply | None:
        if asked.call == ACTIVITY:
            return fetched(asked, mocks, self.workflow.path)
        reply = mocks.answer(asked)
        if reply is not None or asked.call in known:
            return reply
        if self.functions and asked.call not in ADAPTERS:
            return asyncio.run(_really(self.functions, secrets, asked))
        raise Unanswered(asked)


def simulate(
    workflow: Source,
    input: JsonValue = None,
    *,
    mocks: Sequence[JsonObject] = (),
    messages: Sequence[JsonObject] = (),
    functions: Sequence[Callable[..., object]] = (),
    workflows: Sequence[Source] = (),
    secrets: JsonObject | None = None,
    start: str | None = None,
    crash: Sequence[int] = (),
    cancel: JsonObject | None = None,
    watch: Observer | None = None,
) -> Outcome:
    """Runs a workflow in virtual time, and tells what came of it.

    `workflow` is a path, a mapping or a Workflow, as are the `workflows` that it runs; `mocks`, `messages`, `secrets`,
    `crash` and `cancel` are as in a file of tests (docs/testing.md), `start` is an ISO 8601 time. `functions` are
    really called where no mock answers; `watch` is told of its tasks. Raises Unanswered for a call that nobody answers,
    InvalidDocument, FileNotFoundError.
    """
    door = Door(None)
    loaded = door.admit(workflow)
    test: JsonObject = {"name": loaded.name, "input": {} if input is None else input}
    test |= {"mocks": list(mocks), "messages": list(messages), "crash": list(crash)}
    test |= {"secrets": secrets} if secrets else {}
    test |= {"start": start} if start else {}
    test |= {"cancel": cancel} if cancel else {}
    others = [door.admit(each) for each in workflows]
    suite = Suite(Path(), loaded, others, functions, (), (), Coverage(loaded))
    return suite.play(test, watch)


async def _really(functions: Sequence[Callable[..., object]], secrets: Secrets, asked: Asked) -> Reply:
    """What a function says itself."""
    activities = Activities(functions)
    try:
        if asked.call not in activities:
            raise Unanswered(asked)
        call = Call(asked.call, asked.arguments, "test", "test", asked.reference, asked.reference, 1, secrets=secrets)
        return Reply(result=await activities.perform(call))
    except ActivityError as error:
        return Reply(error=error.error)
    finally:
        await activities.aclose()


def _outcome(world: World, life: Life, began: list[str], start: int) -> Outcome:
    machine = life.machine
    outcome = Outcome(
        machine.status.value, tasks=began, calls=world.calls, messages=world.messages, elapsed=world.now - start
    )
    match machine.outcome:
        case CompleteInstance(output=output):
            outcome.output = masked(output)
        case FaultInstance(error=error):
            outcome.error = masked(error)
        case CancelInstance():
            pass
        case None:
            outcome.waits = ", ".join(f"{command.step} waits" for command in machine.pending)
    outcome.elapsed = (life.log[-1].at if life.log else start) - start
    return outcome


def _publishing(world: World, message: JsonObject) -> Callable[[], None]:
    return lambda: world.publish(message)


def _document(file: Path) -> Path:
    """`order.yaml` of `order.test.yaml`."""
    stem = file.stem.removesuffix(_SUFFIX)
    found = [file.with_name(f"{stem}{ending}") for ending in (".yaml", ".yml", ".json")]
    return next((path for path in found if path != file and path.exists()), found[0])


def _load(path: Path) -> Workflow:
    # Which functions there are, the mocks say.
    return runnable(path.read_bytes(), os.fspath(path), None)


def _beside(file: Path, source: str) -> str:
    return str(file.parent / source) if source.endswith(".py") else source


def _texts(value: JsonValue) -> list[str]:
    return [str(item) for item in items(value)]
