"""Golden logs: executions as they were recorded once, which must replay for ever.

A file of tests/replay_logs is JSON lines: the document and the digest of the machine, then the log, an event a line.
Files are only ever added: `.venv/bin/python tests/support/golden.py NAME` writes the story of that name below, and
refuses to write over one that is there. `bases/NAME` writes a log that begins with a base: what came before it is gone,
so these hold that every format of a base is read for ever.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from dalsegno.interpreter import Machine, base, take
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.events import AnyEvent, decode, encode
from dalsegno.interpreter.snapshot import FORMAT
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue
from host import Answer, Host, event
from repository import ROOT

FOLDER = ROOT / "tests" / "replay_logs"


@dataclass(frozen=True)
class Golden:
    """One recorded execution; `machine` is the digest of its last state in snapshots of format `format`."""

    workflow: Workflow
    log: list[AnyEvent]
    machine: str
    format: int


def read(path: Path) -> Golden:
    """A golden log."""
    head, *events = path.read_text(encoding="utf-8").splitlines()
    about = json.loads(head)
    log = [decode(event) for event in events]
    return Golden(Workflow(about["document"]), log, about["machine"], about["format"])


def digest(machine: Machine) -> str:
    """The machine's state, hashed."""
    return blake2b(take(machine).state, digest_size=16).hexdigest()


def write(name: str, host: Host) -> Path:
    """Add a golden log. Raises FileExistsError where there is one of that name."""
    about = {"document": host.graph.workflow.definition, "format": FORMAT, "machine": digest(host.machine)}
    path = FOLDER / f"{name}.jsonl"
    lines = [json.dumps(about), *(encode(event).decode() for event in host.log)]
    with path.open("x", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


def _answer(failures: int) -> Answer:
    left = [failures]

    def answer(arguments: JsonObject) -> JsonValue:
        left[0] -= 1
        if left[0] >= 0:
            raise WorkflowError.of("communication", "away", status=503)
        return {"paid": True, "amount": 12.5, "digits": 10**25}

    return answer


def _order() -> Host:
    return Host(
        """
do:
  - pay:
      try: [{charge: {call: charge, with: {order: '${ .id }'}}}]
      catch:
        errors: {with: {status: 503}}
        retry: {delay: PT2S, backoff: {exponential: {}}, jitter: {from: PT0S, to: PT5S}, limit: {attempt: {count: 5}}}
      export: {as: '{paid: .paid}'}
  - prepare:
      fork:
        branches:
          - pack: {call: pack, with: {what: '${ .digits }'}}
          - label: {set: {label: '${ $context.paid }'}, export: {as: '$context + {labelled: true}'}}
  - told: {emit: {event: {with: {type: order.ready, data: '${ $context }'}}}}
""",
        {"id": "7"},
        {"charge": _answer(2), "pack": _answer(0)},
    )


def _loops() -> Host:
    return Host(
        """
do:
  - each:
      for: {each: item, at: place, in: '[range(3)]'}
      while: $item < 2
      do:
        - call: {call: f, with: {item: '${ $item }'}}
        - keep: {set: {sum: '${ (.amount // 0) + $place }'}}
  - count: {set: {n: '${ (.n // 0) + 1 }'}}
  - again: {switch: [{more: {when: .n < 12000, then: count}}]}
""",
        {},
        {"f": _answer(0)},
    )


def _timeouts() -> Host:
    return Host(
        """
timeout: {after: PT1H}
do:
  - race:
      fork:
        compete: true
        branches:
          - slow: {call: slow}
          - quick: {wait: PT1S}
  - bounded:
      try: [{late: {call: slow, timeout: {after: PT5S}}}]
      catch: {as: problem, do: [{note: {set: {caught: '${ $problem }'}}}]}
  - fail: {raise: {error: {type: 'https://example.com/over', status: 500, detail: '${ .caught.title }'}}}
""",
        {},
        hold=frozenset({"slow"}),
    )


def _reuse() -> Host:
    return Host(
        """
use:
  functions:
    down: {do: [{c: {call: act, with: {n: '${ .n }'}}}, {again: {if: .n > 0, call: down, with: {n: '${ .n - 1 }'}}}]}
  extensions:
    - log:
        extend: all
        when: $task.name != "c"
        before:
          - b: {call: note, with: {of: '${ $task.reference }'}, export: {as: '{n: (($context.n // 0) + 1)}'}}
        after: [{a: {wait: PT1S}}]
    - mock: {extend: call, when: $task.call == "away", before: [{m: {set: {mocked: true}, then: exit}}]}
do:
  - first: {call: down, with: {n: 2}}
  - second: {call: away}
  - last: {set: {seen: '${ . }', count: '${ $context.n }'}}
""",
        {},
        {"act": lambda arguments: arguments, "note": lambda _: {}},
    )


def _listening() -> Host:
    said: list[JsonObject] = [
        {"specversion": "1.0", "id": f"{number}", "source": "/rooms", "type": "said", "room": room, "data": number}
        for number, room in enumerate(["7", "8", "7", "7"])
    ]
    return Host(
        """
use: {secrets: [token]}
do:
  - keep: {set: {token: '${ $secrets.token }', large: '${ "x" * 9000 }'}, export: {as: '{token: .token}'}}
  - hear:
      listen:
        to:
          any: [{with: {type: said}, correlate: {room: {from: .room}}}]
          until: length == 3
      foreach:
        item: said
        do: [{answer: {call: answer, with: {said: '${ $said }', authorization: '${ "Bearer " + $secrets.token }'}}}]
  - last: {set: {heard: '${ length }', token: '${ $context.token }'}}
""",
        {},
        {"answer": lambda arguments: arguments["said"]},
        feed=said,
    )


def _listens() -> Host:
    told: list[tuple[str, JsonValue]] = [
        ("paid", {"order": 7, "cents": 1250}),
        ("packed", {"order": 8}),
        ("packed", {"order": 7}),
        *(("scanned", number) for number in range(3)),
        ("delivered", None),
    ]
    messages = [event(type_, data, id=str(number)) for number, (type_, data) in enumerate(told)]
    return Host(
        """
do:
  - settle:
      listen:
        to:
          all:
            - {with: {type: paid, data: {cents: '${ . > 1000 }'}}, correlate: {order: {from: .data.order}}}
            - {with: {type: packed}, correlate: {order: {from: .data.order}}}
        read: envelope
      output: {as: 'map(.id)'}
  - follow:
      listen: {to: {any: [{with: {type: 'scan.*'}}], until: {one: {with: {type: delivered}}}}}
      foreach: {item: scan, do: [{pause: {wait: PT1S}}, {note: {set: {at: '${ $scan }'}}}], export: {as: '{last: .}'}}
""",
        {},
        feed=messages,
    )


def _shipped(arguments: JsonObject) -> JsonValue:
    if arguments["parcel"] == 2:
        raise WorkflowError.of("communication", "the carrier is away", status=503)
    return {"shipped": arguments["parcel"]}


def _running() -> Host:
    """Children that complete, fault, are cancelled and detached; processes that are awaited and not."""
    ship = "namespace: shop, name: ship, version: latest"
    return Host(
        f"""
do:
  - each:
      for: {{each: parcel, in: '[1, 2, 3]'}}
      do:
        - guarded:
            try:
              - ship: {{run: {{workflow: {{{ship}, input: {{parcel: '${{ $parcel }}'}}}}}}}}
            catch: {{errors: {{with: {{status: 503}}}}, do: [{{later: {{set: {{shipped: null}}}}}}]}}
  - race:
      fork:
        compete: true
        branches:
          - slow: {{run: {{workflow: {{namespace: shop, name: slow, version: 1.0.0}}}}}}
          - quick: {{run: {{shell: {{command: 'echo $1', arguments: ['${{ .shipped }}']}}, return: all}}}}
  - aside: {{run: {{workflow: {{namespace: shop, name: slow, version: 1.0.0}}, await: false}}}}
  - beside: {{run: {{shell: {{command: sleep 1}}, await: false}}}}
  - pause: {{wait: PT1S}}
  - last: {{run: {{script: {{language: python, code: 'print(1)'}}, return: code}}}}
""",
        {},
        {"run/shell": lambda given: {"code": 0, "stdout": "3\n", "stderr": ""}, "run/script": lambda _: 0},
        hold=frozenset({"slow"}),
        children={"ship": _shipped},
    )


def _secrets() -> Host:
    """Every form of a sealed value, kept, exported, looped over and handed on, beside data that looks like one."""
    document = r"""
use:
  secrets: [token, db]
  authentications: {mine: {basic: {use: db}}}
do:
  - keep:
      set:
        token: ${ $secrets.token }
        $sealed: {is: secret, name: token, $$sealed: '${ .n }'}
        text: '${ "Bearer \($secrets.token)" }'
      export: {as: '{kept: .text, all: $secrets}'}
  - each:
      for: {in: ['${ .token }', '${ $secret.db.password | @base64 }', plain]}
      do:
        - say: {call: act, with: {item: '${ $item }', kept: '${ $context.kept | @uri }', data: '${ . }'}}
        - pause: {wait: {seconds: 1}}
  - log in:
      call: http
      with: {method: get, endpoint: {uri: 'https://example.com', authentication: {use: mine}}}
      output: {as: '{scheme: $authorization.scheme, parameter: $authorization.parameter, was: .}'}
  - end: {set: {context: '${ $context }', was: '${ . }'}}
"""
    return Host(document, {"n": 7}, {"act": lambda arguments: {"told": "***"}, "http": lambda arguments: "ok"})


STORIES: dict[str, Callable[[], Host]] = {
    "1-order": _order,
    "1-loops": _loops,
    "1-timeouts": _timeouts,
    "2-reuse": _reuse,
    "2-listening": _listening,
    "2-listens": _listens,
    "2-running": _running,
    "2-secrets": _secrets,
}


#: Logs that begin anew in the middle of a story: which one, and after how many facts.
BASES: dict[str, tuple[str, int]] = {
    "1-order": ("1-order", 5),
    "1-loops": ("1-loops", 3),
    "1-timeouts": ("1-timeouts", 3),
    "1-reuse": ("2-reuse", 6),
    "1-listening": ("2-listening", 4),
    "1-secrets": ("2-secrets", 4),
}


def begun_anew(name: str) -> Host:
    """A story whose log began anew with a base, told to its end."""
    story, facts = BASES[name]
    host = STORIES[story]()
    for _ in range(facts):
        host.step()
    event = base.write(host.machine, host.clock)
    host.tell(event)
    host.run()
    host.log = host.log[host.log.index(event) :]
    return host


if __name__ == "__main__":
    for story in sys.argv[1:]:
        folder, _, name = story.rpartition("/")
        print(write(story, begun_anew(name) if folder == "bases" else STORIES[name]().run()))
