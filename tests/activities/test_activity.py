"""Declaring an activity, knowing the current call, failing on purpose, and logging from it."""

import asyncio
import logging
import math
import threading

import pytest
from tests.activities.performer import call, failure, perform

from dalsegno.activities.activity import ActivityError, activity, current, declaration
from dalsegno.activities.registry import Activities
from dalsegno.interpreter.errors import BASE, KINDS
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.values import JsonObject

# Declaring


@pytest.mark.parametrize(
    ("timeout", "seconds"), [(None, 300), (2, 2), (0.5, 0.5), ("PT1M30S", 90), ("P1D", 86_400), (math.inf, math.inf)]
)
def test_a_timeout_is_seconds_or_a_duration(timeout: float | str | None, seconds: float) -> None:
    @activity(timeout=timeout)
    def function() -> None: ...

    declared = declaration(function)
    assert declared is not None
    assert declared.timeout == seconds


@pytest.mark.parametrize("timeout", [0, -1, math.nan, True, "PT0S", "-PT1S", "soon", "5"])
def test_a_timeout_that_cannot_be_is_refused_when_declared(timeout: float | str) -> None:
    with pytest.raises(DalsegnoError, match="timeout"):
        activity(timeout=timeout)


@pytest.mark.parametrize("name", ["", " "])
def test_a_name_that_is_empty_is_refused_when_declared(name: str) -> None:
    with pytest.raises(DalsegnoError, match="name"):
        activity(name=name)


def test_what_cannot_be_marked_says_so() -> None:
    with pytest.raises(DalsegnoError, match="wrap it in a function"):
        activity(len)


# The current call


def test_a_sync_and_an_async_function_know_their_call() -> None:
    def sync() -> JsonObject:
        now = current()
        return {
            "instance": now.instance,
            "execution": now.execution,
            "attempt": now.attempt,
            "key": now.idempotency_key,
            "reference": now.reference,
        }

    async def async_() -> JsonObject:
        await asyncio.sleep(0)
        return await asyncio.to_thread(sync)

    expected = {
        "instance": "order-7",
        "execution": "execution-1",
        "attempt": 1,
        "key": "execution-1/do/0/task",
        "reference": "/do/0/task",
    }
    assert perform("sync", None, sync) == expected
    assert perform("async_", None, async_) == expected


def test_outside_an_activity_there_is_no_current_call() -> None:
    with pytest.raises(DalsegnoError, match="only while a workflow runs the function as an activity"):
        current()
    perform("dict", None, dict)
    with pytest.raises(DalsegnoError):
        current()


# Failing on purpose


@pytest.mark.parametrize("kind", KINDS)
def test_a_standard_kind_brings_its_status_and_title(kind: str) -> None:
    known = KINDS[kind]
    assert ActivityError(kind, detail="so").error == {
        "type": BASE + kind,
        "status": known.status,
        "title": known.title,
        "detail": "so",
    }


def test_a_type_of_ones_own_is_kept_as_it_is() -> None:
    assert ActivityError("https://shop.example/no-funds").error == {
        "type": "https://shop.example/no-funds",
        "status": 500,
    }


def test_an_error_without_arguments_is_a_runtime_error() -> None:
    assert ActivityError().error == {"type": BASE + "runtime", "status": 500, "title": "Runtime Error"}


def test_an_error_says_what_it_is() -> None:
    assert str(ActivityError("communication", 503, detail="the bank is closed")) == (
        "Communication Error (503): the bank is closed"
    )


def test_a_detail_may_be_what_an_exception_says() -> None:
    error = ActivityError("runtime", detail=ValueError("no"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert error.error["detail"] == "no"


@pytest.mark.parametrize(("type_", "status"), [("", None), (7, None), ("runtime", "503"), ("runtime", True)])
def test_a_type_or_status_that_cannot_be_is_the_functions_bug(type_: str, status: int | None) -> None:
    def refuse() -> None:
        raise ActivityError(type_, status)

    assert failure("refuse", None, refuse)["title"] == "TypeError"


# Logging


def test_every_record_of_a_function_carries_instance_and_task(caplog: pytest.LogCaptureFixture) -> None:
    def sync() -> None:
        logging.getLogger("shop.bank").warning("sync")

    async def async_() -> None:
        logging.getLogger().warning("async")
        current().logger.warning("own")

    perform("sync", None, sync)
    perform("async_", None, async_)
    logging.getLogger("shop").warning("outside")
    seen = {record.message: (vars(record).get("instance"), vars(record).get("task")) for record in caplog.records}
    inside = ("order-7", "/do/0/task")
    assert seen == {"sync": inside, "async": inside, "own": inside, "outside": (None, None)}


def test_the_current_logger_can_be_handed_to_a_thread(caplog: pytest.LogCaptureFixture) -> None:
    def fan_out() -> None:
        logger = current().logger
        thread = threading.Thread(target=lambda: logger.warning("from a thread"))
        thread.start()
        thread.join()

    perform("fan_out", None, fan_out)
    assert [vars(record)["task"] for record in caplog.records] == ["/do/0/task"]


def test_an_extra_of_the_functions_own_wins(caplog: pytest.LogCaptureFixture) -> None:
    def log() -> None:
        logging.getLogger("shop").warning("hello", extra={"task": "mine", "order": 7})

    perform("log", None, log)
    (record,) = caplog.records
    assert (vars(record)["task"], vars(record)["order"], vars(record)["instance"]) == ("mine", 7, "order-7")


def test_a_failure_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise LookupError("no such order")

    failure("fail", None, fail)
    (record,) = caplog.records
    assert (record.name, record.levelname, vars(record)["instance"]) == ("dalsegno.activities", "ERROR", "order-7")
    assert "in fail" in caplog.text
    assert "LookupError: no such order" in caplog.text


def test_calls_side_by_side_do_not_see_each_other() -> None:
    async def whoami() -> str:
        await asyncio.sleep(0)
        return current().idempotency_key

    async def story() -> None:
        activities = Activities([whoami])
        keys = [f"e/{n}" for n in range(20)]
        assert await asyncio.gather(*(activities.perform(call("whoami", key=key)) for key in keys)) == keys
        await activities.aclose()

    asyncio.run(story())
