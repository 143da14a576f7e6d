"""Expectations: which messages a listener takes, in words, and which of the newest were none of them."""

import msgspec

from dalsegno.engines.embedded.history import messages_of
from dalsegno.engines.embedded.store import Store
from dalsegno.interpreter import codec
from dalsegno.interpreter.commands import AwaitMessage
from dalsegno.interpreter.events import MessageReceived
from dalsegno.interpreter.filters import Code, Correlation, Equal, Filter, Pass, Read
from dalsegno.schema.values import JsonObject, JsonValue

# Messages that are looked at to find those that did not match: a question must not read a whole store.
_NEWEST = 100


def expectation(filter_: Filter, keys: JsonObject) -> str:
    """What a filter takes: "a message of type order.approved with orderId = 7"; `keys` are bound already."""
    conditions: list[str] = []
    for condition in filter_.conditions:
        name = ".".join(condition.path)
        match condition:
            case _ if condition.path == ("type",):
                pass
            case Equal(value=value):
                conditions.append(f"{name} = {_json(value)}")
            case Read(text=text):
                conditions.append(f"{name} = {_json(text)}")
            case Pass(code=code):
                conditions.append(f"{name} where {_code(code)}")
            case _:
                pass
    conditions += [_key(name, each, keys) for name, each in filter_.correlate.items()]
    return f"a message of {_type(filter_)}" + (f" with {' and '.join(conditions)}" if conditions else "")


def refusals(store: Store, execution: int, asked: AwaitMessage, since: int) -> str:
    """What came since then, of the types that are waited for, and was not taken; nothing to say is an empty text."""
    types = {name for each in asked.filters if (name := messages_of(each)) != "any type"}
    taken = {
        (event.message.get("source"), event.message.get("id"))
        for event in store.log.received(execution, asked.seq, _NEWEST)
        if isinstance(event, MessageReceived)
    }
    refused = [
        each
        for type_ in sorted(types)
        for each in store.messages.published(type_, since, _NEWEST)
        if (each.source, each.id) not in taken
    ]
    if not refused:
        return ""
    newest = max(refused, key=lambda each: each.number)
    count = f"{len(refused)} or more messages" if len(refused) >= _NEWEST else _messages(len(refused))
    return f"; {count} of that type did not match, the newest {newest.id} from {newest.source}"


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"


def _type(filter_: Filter) -> str:
    type_ = messages_of(filter_)
    return type_ if type_.startswith(("any type", "a type")) else f"type {type_}"


def _key(name: str, correlation: Correlation, keys: JsonObject) -> str:
    if correlation.expected is not None:
        return f"{name} = {_json(correlation.expected.value)}"
    return f"{name} = {_json(keys[name])}" if name in keys else f"any {name}"


def _code(code: Code) -> str:
    return code.expression.strip()


def _json(value: JsonValue) -> str:
    return msgspec.json.encode(codec.masked(value)).decode()
