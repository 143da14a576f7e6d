"""The post: in a round, messages find their listeners, and listeners their messages.

A message that is published waits as a delivery for each subscription that takes it, or as mail for the instance that it
is addressed to. A subscription that is ready gets what has waited for the longest, one message a turn. Everything is in
the round's transaction: a message that was accepted is nowhere lost, whatever dies.
"""

import logging
from collections import deque
from dataclasses import dataclass, field

from dalsegno.engines.embedded.executions import Execution
from dalsegno.engines.embedded.messages import Message
from dalsegno.engines.embedded.selectors import types
from dalsegno.engines.embedded.store import Store
from dalsegno.engines.embedded.subscriptions import Subscription
from dalsegno.engines.errors import WrongStatus
from dalsegno.engines.records import Publication
from dalsegno.interpreter.codec import encode, masked
from dalsegno.interpreter.events import MessageReceived
from dalsegno.interpreter.filters import Filter, Pass, Read
from dalsegno.interpreter.matching import Match, takes
from dalsegno.schema.errors import HostLimit
from dalsegno.schema.values import JsonObject

_LOGGER = logging.getLogger("dalsegno.engines")

# Messages that one round sends and hands over besides those that were published in it: with more the transaction would
# get long, and nobody else would be heard.
_AT_ONCE = 500

# Filters whose verdict on a message is remembered while it looks for its listeners.
_REMEMBERED = 64


@dataclass(slots=True)
class Post:
    """The post of one round. `keep` is how long, in milliseconds, messages are kept for listeners to come."""

    store: Store
    now: int
    keep: int
    _waiting: dict[int, None] = field(default_factory=dict[int, None])
    _emitted: deque[tuple[JsonObject, tuple[int, int]]] = field(
        default_factory=deque[tuple[JsonObject, tuple[int, int]]]
    )
    _patience: int = _AT_ONCE

    # --- in ----------------------------------------------------------------------------------------------------------

    def publish(self, message: JsonObject, instance: str | None = None) -> Publication:
        """Takes a message for all who listen, or for one instance; once, however often it is published.

        Raises WrongStatus for an instance that has ended.
        """
        self._patience += 1  # Who publishes a thousand messages gets a thousand turns for them.
        return self._publish(message, instance, None)

    def emit(self, message: JsonObject, emitter: tuple[int, int]) -> None:
        """Takes a message of an instance: of the execution `emitter`, at that position of its log.

        What listens there since a later position does not get it.
        """
        self._emitted.append((message, emitter))

    def send(self) -> bool:
        """Publishes the next message that an instance has emitted; False when there is none, or no time for more.

        One after the other: a listener that takes one may have begun to listen for the next.
        """
        if not self._emitted or self._patience <= 0:
            return False
        self._patience -= 1
        message, emitter = self._emitted.popleft()
        self._publish(message, None, emitter)
        return True

    def _publish(self, message: JsonObject, instance: str | None, emitter: tuple[int, int] | None) -> Publication:
        row = None if instance is None else self.store.executions.find(instance)
        if row is not None and row.ended:
            raise WrongStatus(row.instance, row.status, "nothing will ever take an event for it")
        message = masked(message)
        self.store.messages.forget(self.now)
        number = self.store.messages.add(
            message, self.now, self.now + self.keep if self.keep and not instance else None
        )
        source, id_ = str(message["source"]), str(message["id"])
        if number is None:
            return Publication(id_, source, duplicate=True, listeners=0)
        if instance is not None:
            self.store.messages.mail(instance, message, number)
            if row is not None:
                self.look(row.number)
            return Publication(id_, source, duplicate=False, listeners=1)
        listeners = self._deliver(Message(number, message), emitter)
        if not listeners:
            self.store.messages.release([number])
        return Publication(id_, source, duplicate=False, listeners=listeners)

    def _deliver(self, message: Message, emitter: tuple[int, int] | None) -> int:
        """A copy for each subscription that takes a message; how many do."""
        matching = _Matching(message.body, self.now)
        count = 0
        for number in self.store.subscriptions.candidates(message.body, self.now):
            subscription = self.store.subscriptions.get(number)
            if emitter is not None and subscription.execution == emitter[0] and subscription.id > emitter[1]:
                continue
            if matching.match(subscription) is not None:
                self.store.subscriptions.deliver(number, message.number)
                if self.keep:
                    self.store.messages.take(message.number, subscription.execution)
                self.look(subscription.execution)
                count += 1
        return count

    def catch_up(self, execution: int, id_: int) -> None:
        """A subscription was opened: it gets what was kept for it, but nothing that its execution has had already."""
        subscription = next((each for each in self.store.subscriptions.of(execution) if each.id == id_), None)
        if subscription is None:
            return
        self.store.messages.forget(self.now)
        for message in self.store.messages.kept(types(subscription.filters)):
            matches = _Matching(message.body, self.now).match(subscription) is not None
            if matches and self.store.messages.take(message.number, execution):
                self.store.subscriptions.deliver(subscription.number, message.number)

    # --- out ---------------------------------------------------------------------------------------------------------

    def look(self, execution: int) -> None:
        """There may be a message for an execution."""
        self._waiting[execution] = None

    def resume(self) -> None:
        """Looks after executions that an earlier round has left."""
        for execution in self.store.subscriptions.left(_AT_ONCE):
            self.look(execution)

    def leave(self) -> bool:
        """Leaves what there was no time for to a later round; whether there is anything."""
        while self._emitted:
            message, emitter = self._emitted.popleft()
            self._publish(message, None, emitter)
        if self._waiting:
            self.store.subscriptions.leave(list(self._waiting))
            self._waiting.clear()
        return self.store.subscriptions.has_left

    def next(self) -> tuple[int, MessageReceived] | None:
        """An execution, and the message that it gets now; None when there is nothing, or no time, for more."""
        while self._waiting and self._patience > 0:
            execution = next(iter(self._waiting))
            received = self._next(execution)
            if received is not None:
                self._patience -= 1
                return execution, received  # There may be more for it: it is asked again.
            del self._waiting[execution]
        return None

    def _next(self, execution: int) -> MessageReceived | None:
        row = self.store.executions.get(execution)
        if row is None or row.ended or row.suspended:
            return None  # Resuming looks again (decision F18).
        delivery, mail = self._delivery(execution), self._mail(row)
        if mail is not None and (delivery is None or mail[1].number < delivery[1].number):
            self.store.messages.drop_mail(row.instance, mail[1])
            return self._hand_over(*mail)
        if delivery is not None:
            self._drop(delivery[0], delivery[1].number)
            return self._hand_over(*delivery)
        return None

    def _hand_over(self, subscription: Subscription, message: Message, match: Match) -> MessageReceived:
        self.store.subscriptions.busy(subscription, match.keys)
        return MessageReceived(
            at=self.now, id=subscription.id, message=message.body, filter=match.filter, keys=match.keys
        )

    def _delivery(self, execution: int) -> tuple[Subscription, Message, Match] | None:
        """The delivery that comes first; those that its filters, narrowed meanwhile, no longer take are dropped."""
        while True:
            earliest = self.store.subscriptions.earliest(execution)
            if earliest is None:
                return None
            subscription = self.store.subscriptions.get(earliest[0])
            message = Message(earliest[1], self.store.messages.get(earliest[1]))
            match = _Matching(message.body, self.now).match(subscription)
            if match is not None:
                return subscription, message, match
            self._drop(subscription, message.number)

    def _drop(self, subscription: Subscription, message: int) -> None:
        self.store.subscriptions.delivered(subscription.number, message)
        self.store.messages.release([message])

    def _mail(self, row: Execution) -> tuple[Subscription, Message, Match] | None:
        """The mail that comes first; what no subscription takes stays."""
        if not self.store.messages.has_mail(row.instance):
            return None
        found = [
            each
            for subscription in self.store.subscriptions.of(row.number)
            if subscription.ready
            for each in self._mail_for(subscription, row.instance)
        ]
        return min(found, key=lambda each: each[1].number, default=None)

    def _mail_for(self, subscription: Subscription, instance: str) -> list[tuple[Subscription, Message, Match]]:
        found: list[tuple[Subscription, Message, Match]] = []
        wanted = types(subscription.filters)
        for type_ in [None] if wanted is None else wanted:
            for message in self.store.messages.mailed(instance, None if type_ is None else [type_]):
                match = _Matching(message.body, self.now).match(subscription)
                if match is not None:
                    found.append((subscription, message, match))
                    break
        return found


class _Matching:
    """One message held against many filters: what two listeners ask for alike is found out once."""

    def __init__(self, message: JsonObject, now: int) -> None:
        self._message = message
        self._now = now
        self._found: dict[bytes, JsonObject | None] = {}
        self._slow: set[tuple[str, ...]] = set()

    def match(self, subscription: Subscription) -> Match | None:
        for index, filter_ in enumerate(subscription.filters):
            bound = self._takes(filter_, subscription.keys)
            if bound is not None:
                return Match(index, bound)
        return None

    def _takes(self, filter_: Filter, keys: JsonObject) -> JsonObject | None:
        alike = encode([filter_, keys])
        if alike not in self._found:
            if len(self._found) >= _REMEMBERED:
                self._found.clear()
            self._found[alike] = self._taken(filter_, keys)
        return self._found[alike]

    def _taken(self, filter_: Filter, keys: JsonObject) -> JsonObject | None:
        code = _code(filter_)
        if code in self._slow:
            return None
        try:
            return takes(filter_, self._message, keys, self._now)
        except HostLimit as limit:
            # Whoever publishes must not wait for it once for each of a thousand instances.
            self._slow.add(code)
            _LOGGER.warning("the event %s is no match for a filter: %s", self._message.get("id"), limit)
            return None


def _code(filter_: Filter) -> tuple[str, ...]:
    """What of a filter can be slow: its patterns and expressions, whatever the values of their variables are."""
    patterns = [each.text for each in filter_.conditions if isinstance(each, Read)]
    passing = [each.code.expression for each in filter_.conditions if isinstance(each, Pass)]
    return (*patterns, *passing, *(each.source.expression for each in filter_.correlate.values()))
