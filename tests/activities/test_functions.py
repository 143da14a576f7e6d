"""Python functions as activities: arguments, results, failures, time limits."""

import asyncio
import contextlib
import functools
import subprocess
import sys
import threading

import pytest
from tests.activities.performer import call, failure, perform

from dalsegno.activities.activity import ActivityError, activity
from dalsegno.activities.registry import Activities
from dalsegno.interpreter.errors import BASE
from dalsegno.schema.values import JsonObject, JsonValue


def total(price: float, count: int = 1, *, currency: str = "EUR") -> str:
    return f"{price * count:.2f} {currency}"


# Arguments


def test_with_becomes_keyword_arguments() -> None:
    assert perform("total", {"price": 2.5, "count": 3, "currency": "CHF"}, total) == "7.50 CHF"
    assert perform("total", {"price": 2.5}, total) == "2.50 EUR"


def test_a_function_stays_what_it_was() -> None:
    assert activity(total)(1.0) == "1.00 EUR"


@pytest.mark.parametrize("arguments", [None, {}])
def test_a_call_without_with_gives_no_arguments(arguments: JsonValue) -> None:
    def nothing() -> str:
        return "nothing"

    assert perform("nothing", arguments, nothing) == "nothing"


@pytest.mark.parametrize(
    ("arguments", "detail"),
    [
        ({}, "total is missing its parameter 'price'. It takes: price, count, currency"),
        (
            {"price": 1, "amount": 2},
            "total is given 'amount', which is none of its parameters. It takes: price, count, currency",
        ),
        (
            {"prize": 1},
            "total is missing its parameter 'price', and given 'prize', which is none of its parameters. "
            "It takes: price, count, currency",
        ),
    ],
)
def test_a_wrong_keyword_is_a_configuration_error_that_names_it(arguments: JsonValue, detail: str) -> None:
    error = failure("total", arguments, total)
    assert (error["type"], error["status"], error["detail"]) == ("configuration", 400, detail)


@pytest.mark.parametrize(("arguments", "kind"), [([1], "an array"), ("x", "a string"), (3, "a number")])
def test_with_that_is_no_object_is_a_validation_error(arguments: JsonValue, kind: str) -> None:
    error = failure("total", arguments, total)
    assert (error["type"], error["detail"]) == (
        "validation",
        f"`with` of total must be an object of named arguments, not {kind}",
    )


def test_a_function_may_take_whatever_comes() -> None:
    def everything(**fields: object) -> object:
        return fields

    assert perform("everything", {"a": 1, "self": 2}, everything) == {"a": 1, "self": 2}


def test_methods_partials_and_callable_objects_are_functions_too() -> None:
    class Till:
        def __init__(self, currency: str) -> None:
            self.currency = currency

        def price(self, amount: int) -> str:
            return f"{amount} {self.currency}"

        async def __call__(self) -> str:
            return f"till of {self.currency}"

    till = Till("EUR")
    cheap = activity(name="cheap")(functools.partial(total, price=1))
    assert perform("price", {"amount": 3}, till.price) == "3 EUR"
    assert perform("cheap", {"count": 2}, cheap) == "2.00 EUR"
    assert perform("till", None, activity(name="till")(till)) == "till of EUR"


def test_a_builtin_function_is_called_as_it_is() -> None:
    assert perform("dict", {"a": 1}, dict) == {"a": 1}


# Sync and async


def test_async_functions_run_on_the_loop_and_sync_ones_in_threads() -> None:
    def where() -> bool:
        return threading.current_thread() is threading.main_thread()

    async def there() -> bool:
        return where()

    assert perform("where", None, where) is False
    assert perform("there", None, there) is True


def test_sync_functions_run_side_by_side_and_no_more_than_allowed() -> None:
    running = threading.Semaphore(0)
    go_on = threading.Event()

    def wait() -> None:
        running.release()
        assert go_on.wait(30)

    async def story() -> None:
        activities = Activities([wait], threads=3)
        calls = [asyncio.create_task(activities.perform(call("wait"))) for _ in range(5)]
        for _ in range(3):
            assert await asyncio.to_thread(running.acquire, timeout=30)
        assert not running.acquire(blocking=False)
        go_on.set()
        assert await asyncio.gather(*calls) == [None] * 5
        await activities.aclose()

    asyncio.run(story())


def test_threads_are_used_again() -> None:
    async def story() -> None:
        activities = Activities([threading.get_ident])
        first = await activities.perform(call("get_ident"))
        assert [await activities.perform(call("get_ident")) for _ in range(5)] == [first] * 5
        await activities.aclose()

    asyncio.run(story())


# Failures


def test_an_activity_error_becomes_the_error_as_it_is() -> None:
    def refuse() -> None:
        raise ActivityError("https://shop.example/errors/no-funds", 402, "No funds", "3 EUR are missing")

    assert failure("refuse", None, refuse) == {
        "type": "https://shop.example/errors/no-funds",
        "status": 402,
        "title": "No funds",
        "detail": "3 EUR are missing",
    }


def test_any_other_exception_is_a_runtime_error_with_its_class_as_title() -> None:
    class NoFunds(Exception):
        pass

    NoFunds.__qualname__ = "Shop.NoFunds"

    async def refuse() -> None:
        raise NoFunds("3 EUR are missing")

    assert failure("refuse", None, refuse) == {
        "type": "runtime",
        "status": 500,
        "title": "Shop.NoFunds",
        "detail": "3 EUR are missing",
    }


@pytest.mark.parametrize("exception", [StopIteration("x"), SystemExit(3), TimeoutError("x"), GeneratorExit("x")])
def test_no_exception_of_a_function_is_mistaken_for_one_of_ours(exception: BaseException) -> None:
    def fail() -> None:
        raise exception

    error = failure("fail", None, fail)
    assert (error["type"], error["title"]) == ("runtime", type(exception).__qualname__)


@pytest.mark.parametrize("exception", [SystemExit(3), TimeoutError("x"), asyncio.CancelledError("from within")])
def test_nor_of_an_async_one(exception: BaseException) -> None:
    async def fail() -> None:
        raise exception

    error = failure("fail", None, fail)
    assert (error["type"], error["title"]) == ("runtime", type(exception).__qualname__)


def test_the_exception_itself_is_kept_for_who_runs_the_engine() -> None:
    def fail() -> None:
        raise LookupError("x")

    with pytest.raises(ActivityError) as raised:
        perform("fail", None, fail)
    assert isinstance(raised.value.__cause__, LookupError)


def test_a_message_without_end_is_cut_and_one_that_is_no_unicode_is_escaped() -> None:
    def fail(detail: str) -> None:
        raise ValueError(detail or "\ud800")

    assert len(str(failure("fail", {"detail": "x" * 100_000}, fail)["detail"])) == 4097
    assert failure("fail", {"detail": ""}, fail)["detail"] == "\\ud800"


# Time


def test_a_sync_function_that_overruns_is_a_timeout_and_is_given_up() -> None:
    started, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    @activity(timeout=0.02)
    def hang() -> None:
        started.set()
        go_on.wait(30)
        ended.set()

    async def story() -> None:
        activities = Activities([hang], threads=1)
        for _ in range(2):  # A thread that hangs does not take the place of the next one.
            with pytest.raises(ActivityError) as raised:
                await activities.perform(call("hang"))
            assert raised.value.error == {
                "type": BASE + "timeout",
                "status": 408,
                "title": "Timeout Error",
                "detail": "hang did not end within its timeout of 0.02 seconds",
            }
        assert activities.abandoned == 2
        go_on.set()
        assert await asyncio.to_thread(ended.wait, 30)
        await activities.aclose()

    asyncio.run(story())
    assert started.is_set()


def test_time_begins_when_a_thread_is_free() -> None:
    first_runs, go_on = threading.Event(), threading.Event()

    def first() -> None:
        first_runs.set()
        go_on.wait(30)

    @activity(timeout=5)
    def second() -> str:
        return "done"

    async def story() -> None:
        activities = Activities([first, second], threads=1)
        one = asyncio.create_task(activities.perform(call("first")))
        await asyncio.to_thread(first_runs.wait, 30)
        other = asyncio.create_task(activities.perform(call("second")))
        await asyncio.sleep(0)
        go_on.set()
        assert (await one, await other) == (None, "done")
        await activities.aclose()

    asyncio.run(story())


def test_an_async_function_that_overruns_is_cancelled_and_can_tidy_up() -> None:
    tidied: list[str] = []

    @activity(timeout="PT0.02S")
    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            tidied.append("up")

    assert failure("hang", None, hang)["type"] == "timeout"
    assert tidied == ["up"]


def test_an_async_function_that_answers_its_cancellation_with_a_result_has_overrun_all_the_same() -> None:
    @activity(timeout=0.02)
    async def stubborn() -> str:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return "here I am"

    assert failure("stubborn", None, stubborn)["type"] == "timeout"


def test_cancelling_cancels_an_async_function() -> None:
    async def story() -> None:
        started, cancelled = asyncio.Event(), asyncio.Event()

        async def hang() -> None:
            started.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

        activities = Activities([hang])
        waiting = asyncio.create_task(activities.perform(call("hang")))
        await started.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert cancelled.is_set()
        assert activities.abandoned == 0
        await activities.aclose()

    asyncio.run(story())


def test_cancelling_gives_up_a_sync_function() -> None:
    started, go_on = threading.Event(), threading.Event()

    def hang() -> None:
        started.set()
        go_on.wait(30)

    async def story() -> None:
        activities = Activities([hang])
        waiting = asyncio.create_task(activities.perform(call("hang")))
        await asyncio.to_thread(started.wait, 30)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert activities.abandoned == 1
        await activities.aclose()

    asyncio.run(story())
    go_on.set()


def test_a_function_that_never_ends_does_not_keep_the_process() -> None:
    program = """
import asyncio, time
from dalsegno.activities.activity import activity
from dalsegno.activities.call import Call
from dalsegno.activities.registry import Activities

@activity(timeout=0.05)
def hang():
    while True:
        time.sleep(60)

async def main():
    activities = Activities([hang])
    try:
        await activities.perform(Call("hang", None, "i", "e", "/do/0/t", "e/t", 1))
    except Exception as error:
        print(error)
    await activities.aclose()

asyncio.run(main())
"""
    answer = run(program)
    assert "did not end within its timeout" in answer.stdout


def test_python_functions_alone_load_no_http_client() -> None:
    program = """
import asyncio, sys
from dalsegno.activities.call import Call
from dalsegno.activities.registry import Activities

activities = Activities([dict])
asyncio.run(activities.perform(Call("dict", {"a": 1}, "i", "e", "/do/0/t", "e/t", 1)))
print("httpx" in sys.modules)
"""
    assert run(program).stdout == "False\n"


def run(program: str) -> subprocess.CompletedProcess[str]:
    folders = [folder for folder in sys.path if folder]
    paste = f"import sys; sys.path[:0] = {folders!r}\n"
    return subprocess.run(
        [sys.executable, "-c", paste + program], capture_output=True, text=True, timeout=60, check=True
    )


# Results: the border itself is tested in test_results.py


def test_a_result_that_is_not_json_is_a_runtime_error_that_says_what_to_return() -> None:
    def opaque() -> object:
        return {"a": [object()]}

    assert failure("opaque", None, opaque) == {
        "type": "runtime",
        "status": 500,
        "title": "Runtime Error",
        "detail": "opaque returned a value of type object, which is not JSON: "
        "return dicts, lists, texts, numbers, booleans or None",
    }


def test_a_coroutine_returned_by_a_sync_function_says_to_declare_it_async() -> None:
    async def inner() -> None: ...

    def outer() -> object:
        return inner()

    assert "`async def`" in str(failure("outer", None, outer)["detail"])


def test_the_arguments_are_the_functions_own_to_change() -> None:
    def consume(items: list[int]) -> int:
        items.clear()
        return len(items)

    arguments: JsonObject = {"items": [1, 2]}
    assert perform("consume", arguments, consume) == 0


# Names


def test_names_are_the_functions_own_or_as_declared() -> None:
    @activity(name="charge card")
    def charge() -> None: ...

    activities = Activities([charge, total])
    assert {"charge card", "total", "http", "openapi"} <= activities.names
    assert "charge card" in activities
    assert "charge" not in activities
