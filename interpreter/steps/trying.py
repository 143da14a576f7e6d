"""`try`: tasks whose errors are caught, retried, handled (decisions R1 to R11).

A try is trying, delaying before the next attempt, or catching. Errors of the `catch` itself leave the try.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from dalsegno.interpreter.asking import start_timer
from dalsegno.interpreter.compiler import Common, Compiler, directive
from dalsegno.interpreter.errors import same_type, standard, with_instance
from dalsegno.interpreter.events import Answer
from dalsegno.interpreter.flow import Directive
from dalsegno.interpreter.frames import Ask, Frame, State
from dalsegno.interpreter.graph import Step, StepList
from dalsegno.interpreter.machine import Machine
from dalsegno.interpreter.notices import ErrorCaught, TaskRetried
from dalsegno.interpreter.retries import Retry, compile_retry
from dalsegno.interpreter.same import same
from dalsegno.interpreter.templates import Template
from dalsegno.schema.model import TryTask
from dalsegno.schema.values import JsonObject, JsonValue

TRYING, DELAYING, CATCHING = "trying", "delaying", "catching"
# What a try awaits for itself: the end of a delay, of one attempt's time, of all attempts' time.
DELAY, ATTEMPT, TOTAL = "delay", "attempt", "total"


class TryState(State, tag="try"):
    """`attempt` counts runs of the body from 1; `error` is the one that a delay follows; `spent`: no more retries."""

    phase: str = TRYING
    attempt: int = 1
    error: JsonObject | None = None
    spent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TryStep(Step):
    body: StepList
    errors: JsonObject
    variable: str
    when: Template | None
    except_when: Template | None
    retry: Retry | None
    handler: StepList | None
    catch_then: Directive | None

    def enter(self, machine: Machine, frame: Frame) -> None:
        frame.state = TryState()
        if self.retry is not None and self.retry.total is not None:
            start_timer(machine, frame, machine.length(self.retry.total, frame), TOTAL)
        self._attempt(machine, frame)

    def list_ended(self, machine: Machine, frame: Frame, output: JsonValue) -> None:
        caught = cast(TryState, frame.state).phase == CATCHING
        machine.complete(frame, output, self.catch_then if caught else None)

    def child_failed(self, machine: Machine, frame: Frame, child: Frame | None, error: JsonObject) -> bool:
        state = cast(TryState, frame.state)
        if state.phase != TRYING or not self._catches(machine, frame, error):
            return False
        machine.cancel(frame, ATTEMPT)
        if self._retries(machine, frame, error):
            return True
        return self._handle(machine, frame, error)

    def answered(self, machine: Machine, frame: Frame, ask: Ask, answer: Answer) -> None:
        state = cast(TryState, frame.state)
        if ask.purpose == DELAY:
            state.attempt += 1
            state.error = None
            self._attempt(machine, frame)
            return
        state.spent = state.spent or ask.purpose == TOTAL
        if state.phase == DELAYING and state.error is not None:
            self._give_up_delay(machine, frame, state.error)
        elif state.phase == TRYING:
            self._cut_off(machine, frame, ask.purpose)

    def _attempt(self, machine: Machine, frame: Frame) -> None:
        """Run the body, each time with the original input."""
        cast(TryState, frame.state).phase = TRYING
        frame.variables = None
        if self.retry is not None and self.retry.attempt is not None:
            start_timer(machine, frame, machine.length(self.retry.attempt, frame), ATTEMPT)
        machine.run_list(frame, self.body, frame.input)

    def _catches(self, machine: Machine, frame: Frame, error: JsonObject) -> bool:
        if not all(_matches(name, wanted, error) for name, wanted in self.errors.items()):
            return False
        frame.variables = {self.variable: error}
        if self.when is not None and not machine.evaluate(self.when, error, frame):
            return False
        return self.except_when is None or not machine.evaluate(self.except_when, error, frame)

    def _retries(self, machine: Machine, frame: Frame, error: JsonObject) -> bool:
        """Begin the delay before the next attempt; False when retries are spent or refused."""
        state = cast(TryState, frame.state)
        if self.retry is None or state.spent or not self.retry.allows(machine, frame, error, state.attempt):
            return False
        delay = self.retry.delay_before(machine, frame, error, state.attempt)
        state.phase = DELAYING
        state.error = error
        start_timer(machine, frame, delay, DELAY)
        clock = machine.execution.clock
        machine.notify(TaskRetried(self.reference, self.name, clock, state.attempt + 1, clock + delay, error))
        return True

    def _handle(self, machine: Machine, frame: Frame, error: JsonObject) -> bool:
        """What `catch` does once retries are out of the question; False: the error goes on."""
        if self.handler is None and self.catch_then is None and self.retry is not None:
            return False
        machine.cancel(frame, DELAY, ATTEMPT, TOTAL)
        cast(TryState, frame.state).phase = CATCHING
        frame.variables = {self.variable: error}
        machine.tell(ErrorCaught, self, error)
        if self.handler is None:
            machine.complete(frame, frame.input, self.catch_then)
        else:
            machine.run_list(frame, self.handler, frame.input)
        return True

    def _give_up_delay(self, machine: Machine, frame: Frame, error: JsonObject) -> None:
        """All attempts' time ended in the middle of a delay: what would have been retried is handled now."""
        machine.cancel(frame, DELAY)
        if not self._handle(machine, frame, error):
            machine.fault(frame, error)

    def _cut_off(self, machine: Machine, frame: Frame, purpose: str) -> None:
        """An attempt took too long: cancel it; the timeout passes the catch like any error (decision R3)."""
        limit = "retry.limit.attempt.duration" if purpose == ATTEMPT else "retry.limit.duration"
        machine.stop(frame)
        error = with_instance(standard("timeout", f"the attempt took longer than `{limit}` allows"), self.reference)
        if not self.child_failed(machine, frame, None, error):
            machine.fault(frame, error)


def _matches(name: str, wanted: JsonValue, error: JsonObject) -> bool:
    """One field of `catch.errors.with` (decisions E1, E3, E14)."""
    if name == "type":
        return same_type(wanted, error.get("type"))
    found = error.get("detail" if name == "details" else name)
    if name == "status" and not isinstance(found, bool):
        return wanted == found
    return same(wanted, found)


def build(compiler: Compiler, task: TryTask, common: Common, targets: Mapping[str, int]) -> Step:
    catch = task.catch
    handler = None if catch.do is None else compiler.list(catch.do, f"{task.reference}/catch/do")
    return TryStep(
        **common,
        body=compiler.list(task.try_, f"{task.reference}/try"),
        errors=catch.errors,
        variable=catch.as_,
        when=compiler.optional(compiler.language.condition, catch.when),
        except_when=compiler.optional(compiler.language.condition, catch.except_when),
        retry=None if catch.retry is None else compile_retry(catch.retry, compiler.language),
        handler=handler,
        catch_then=None if catch.then is None else directive(catch.then, targets),
    )
