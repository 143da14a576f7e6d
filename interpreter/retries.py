"""Retry policies (DSL reference, "Retry"; decisions R2 to R5): whether to try again, and after how long."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from dalsegno.interpreter.frames import Frame
from dalsegno.interpreter.templates import Language, Template
from dalsegno.schema.durations import LONGEST
from dalsegno.schema.values import JsonObject, JsonValue, as_object

if TYPE_CHECKING:
    from dalsegno.interpreter.machine import Machine


@dataclass(frozen=True, slots=True)
class Retry:
    """A compiled policy; `attempt` limits the time of one attempt, `total` that of all of them with their delays."""

    when: Template | None
    except_when: Template | None
    delay: Template | None
    backoff: str
    jitter: tuple[Template, Template] | None
    count: int | None
    attempt: Template | None
    total: Template | None

    def allows(self, machine: "Machine", frame: Frame, error: JsonObject, attempt: int) -> bool:
        """Whether another attempt may follow number `attempt` (from 1), which failed with `error`."""
        if self.count is not None and attempt > self.count:
            return False
        if self.when is not None and not machine.evaluate(self.when, error, frame):
            return False
        return self.except_when is None or not machine.evaluate(self.except_when, error, frame)

    def delay_before(self, machine: "Machine", frame: Frame, error: JsonObject, retry: int) -> int:
        """Milliseconds before retry number `retry` (from 1), its jitter drawn."""
        base = 0 if self.delay is None else machine.length(self.delay, frame)
        if self.backoff == "linear":
            base *= retry
        elif self.backoff == "exponential":
            # Doubling on beyond the cap would only make big numbers.
            base *= 2 ** min(retry - 1, 64)
        drawn = 0
        if self.jitter is not None:
            low, high = sorted(machine.length(bound, frame) for bound in self.jitter)
            drawn = machine.execution.between(low, high)
        return min(base + drawn, LONGEST)


def compile_retry(policy: JsonObject, language: Language) -> Retry:
    """A policy from its definition."""
    limit = as_object(policy.get("limit"))
    attempt = as_object(limit.get("attempt"))
    jitter = as_object(policy.get("jitter"))
    when, except_when = policy.get("when"), policy.get("exceptWhen")
    return Retry(
        when=language.condition(when) if isinstance(when, str) else None,
        except_when=language.condition(except_when) if isinstance(except_when, str) else None,
        delay=_duration(policy.get("delay"), language),
        backoff=next(iter(as_object(policy.get("backoff"))), "constant"),
        jitter=(language.duration(jitter["from"]), language.duration(jitter["to"])) if jitter else None,
        count=cast("int | None", attempt.get("count")),
        attempt=_duration(attempt.get("duration"), language),
        total=_duration(limit.get("duration"), language),
    )


def _duration(value: JsonValue, language: Language) -> Template | None:
    return None if value is None else language.duration(value)
