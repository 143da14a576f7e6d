"""Retention: how long instances are kept after their end. The engine purges them itself, a bounded number a round."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from dalsegno.engines.embedded.round import Ask, Round
from dalsegno.engines.embedded.selecting import PURGED_AT_ONCE, purged
from dalsegno.engines.patience import Timeout, seconds
from dalsegno.engines.records import FINAL
from dalsegno.engines.selection import workflow_named
from dalsegno.schema.errors import DalsegnoError

# Milliseconds between two looks for what is to go.
_PAUSE = 60_000


@dataclass(frozen=True, slots=True)
class Retention:
    """Instances that ended are kept for `age` (seconds, or a duration such as "P7D"; None: for ever), then purged.

    `workflow` is a name, or namespace/name, None for all; `status` completed, faulted or cancelled, None for all.
    """

    age: Timeout
    workflow: str | None = None
    status: str | None = None

    def __post_init__(self) -> None:
        """Raises DalsegnoError for what is no length of time, and no status of an end."""
        seconds(self.age)
        if self.status is not None and self.status not in FINAL:
            raise DalsegnoError(f"retention: {self.status!r} is no end; it is one of: {', '.join(sorted(FINAL))}")

    @property
    def milliseconds(self) -> int | None:
        length = seconds(self.age)
        return None if length is None else round(length * 1000)


#: What an engine is told: rules, of which the first that fits an instance counts; or a length of time for each status.
Rules: TypeAlias = Iterable[Retention] | Mapping[str, Timeout]


def rules_of(rules: Rules) -> tuple[Retention, ...]:
    """Raises DalsegnoError for a rule that cannot be."""
    if isinstance(rules, Mapping):
        ages = cast("Mapping[str, Timeout]", rules)
        return tuple(Retention(age, status=status) for status, age in ages.items())
    return tuple(rules)


class Sweep:
    """Goes through a store, round by round, as often as is needed."""

    def __init__(self, rules: Sequence[Retention]) -> None:
        self._rules = rules
        self._rule = 0
        self._passed = 0
        self._next = 0 if rules else None

    def errand(self, now: int) -> Ask | None:
        """What is to be done in a round at this time, if anything; nothing more until that round is over."""
        if self._next is None or now < self._next:
            return None
        # A round that fails must not come again at once.
        self._next = now + _PAUSE
        return Ask(self._act, lambda _, __: None)

    def _act(self, round_: Round) -> Callable[[], object]:
        rule = self._rules[self._rule]
        rows = []
        if rule.milliseconds is not None:
            before, chosen = round_.now - rule.milliseconds, _conditions(self._rules[: self._rule + 1])
            rows = round_.store.executions.outlived(before, chosen, self._passed, PURGED_AT_ONCE)
        gone = sum([purged(round_, row) for row in rows])
        self._passed += len(rows) - gone
        if len(rows) == PURGED_AT_ONCE:
            self._next = round_.now
        elif self._rule + 1 < len(self._rules):
            self._next, self._rule, self._passed = round_.now, self._rule + 1, 0
        else:
            self._next, self._rule, self._passed = round_.now + _PAUSE, 0, 0
        return lambda: None


def _conditions(rules: Sequence[Retention]) -> list[tuple[str | None, str | None, str | None]]:
    """Namespace, name and status of the rule that counts, behind those that come before it."""
    return [(*workflow_named(rule.workflow)[:2], rule.status) for rule in rules]
