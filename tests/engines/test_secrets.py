"""Documents that try to leak a secret, each run for real: nothing that anybody may see has the value.

What is searched: every byte of the store and of what lies beside it (WAL, lifecycle events), the streams, the log
records, and every answer of the engine; for the value, for each half of it, and for both in base64, percent-encoded
and escaped.
"""

import asyncio
import base64
import html
import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import StringIO
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from tests.servers.internet import Internet

import dalsegno
from dalsegno.activities.options import HttpOptions
from dalsegno.activities.registry import Activities
from dalsegno.schema.model import Workflow
from dalsegno.schema.values import JsonObject, JsonValue
from plain_yaml import read_yaml

TOKEN = 'kV9xQ2mZ7w/ "R+ö&T4bN8pLs'
PASSWORD = "Zq7WmK2xV9\nline two: pLs4TbN8"
SECRETS: JsonObject = {"token": TOKEN, "db": {"username": "ada-of-the-secret", "password": PASSWORD}}
HEADER = "document: {dsl: '1.0.3', namespace: tests, name: leak, version: '1.0.0'}\nuse: {secrets: [token, db]}\n"


# What a careless program does


def echo(**given: JsonValue) -> JsonValue:
    return given


def twist(text: str) -> JsonValue:
    """Everything that a result may have made of a secret without hiding it on purpose."""
    encoded = base64.b64encode(f"x{text}yz".encode()).decode()
    return {text: [quote(text), json.dumps(text), repr(text), html.escape(text), encoded, len(text)], "n": "a" * 20_000}


def explode(text: str) -> None:
    logging.getLogger("careless").error("cannot use %s", text)
    logging.getLogger("careless").warning("nor %r", {"it": text})
    try:
        raise KeyError(text)
    except KeyError as error:
        raise ValueError(f"{text} is no good") from error


def surrogate(text: str) -> str:
    return "." * 30 + text + "\ud800"


async def whisper(text: str) -> str:
    dalsegno.current().logger.info("heard %s", text)
    raise dalsegno.ActivityError(f"https://example.com/{quote(text)}", 500, text, f"detail {text}")


FUNCTIONS: list[Callable[..., object]] = [echo, twist, explode, surrogate, whisper]

LEAKS = {
    "set": "do: [{a: {set: {x: '${ $secrets.token }'}}}]",
    "alias": "do: [{a: {set: {x: '${ $secret.db }', all: '${ $secrets }'}}}]",
    "output": "do: [{a: {set: {x: 1}, output: {as: '${ {x: $secrets.token} }'}}}]\noutput: {as: '${ [$secrets.db] }'}",
    "export": """
do:
  - a: {set: {x: 1}, export: {as: '${ {kept: ("Bearer " + $secrets.token)} }'}}
  - b: {call: twist, with: {text: '${ $context.kept }'}}
""",
    "interpolation": r"""
do:
  - a: {call: echo, with: {x: '${ "a \($secrets.token) b" }', y: '${ @base64 "\($secrets.db.password)" }'}}
  - b: {call: echo, with: {x: '${ $secrets.token | @uri }', y: '${ ($secrets.token | @base64) + "=" }'}}
  - c: {set: {x: '${ . }', y: '${ ["a", $secrets.token] | add }'}}
""",
    "result": "do: [{a: {call: twist, with: {text: '${ $secrets.token }'}}}]",
    "whole secrets": "do: [{a: {call: echo, with: {x: '${ $secrets }'}}}]",
    "exception": "do: [{a: {call: explode, with: {text: '${ $secrets.token }'}}}]",
    "lines": "do: [{a: {call: explode, with: {text: '${ $secrets.db.password }'}}}]",
    "error of its own": "do: [{a: {call: whisper, with: {text: '${ $secrets.token }'}}}]",
    "wrong arguments": "do: [{a: {call: twist, with: {text: a, '${ $secrets.token }': '${ $secrets.token }'}}}]",
    "caught error": """
do:
  - a:
      try: [{b: {call: whisper, with: {text: '${ $secrets.token }'}}}]
      catch: {as: e, do: [{c: {set: {error: '${ $e }', again: '${ $secrets.token }'}}}]}
""",
    "retries": """
do:
  - a:
      try: [{b: {call: explode, with: {text: '${ $secrets.token }'}}}]
      catch: {retry: {limit: {attempt: {count: 3}}}}
""",
    "raise": "do: [{a: {raise: {error: {type: 'https://x.y/z', status: 500, detail: '${ $secrets.token }'}}}}]",
    "raise all": "do: [{a: {raise: {error: '${ {type: \"x\", status: 500, detail: $secrets.token} }'}}}]",
    "emit": "do: [{a: {emit: {event: {with: {type: x, source: 'https://x.y', data: '${ $secrets.token }'}}}}}]",
    "switch": """
do:
  - a: {switch: [{x: {when: '${ $secrets.token }', then: end}}]}
""",
    "condition": "do: [{a: {if: '${ $secrets.token == \"x\" }', set: {x: 1}}}]",
    "length": "do: [{a: {set: {x: '${ $secrets.token | length }'}}}]",
    "first letter": "do: [{a: {set: {x: '${ $secrets.token[0:1] }'}}}]",
    "pattern": "do: [{a: {set: {x: '${ $secrets.token | test(\"^k\") }'}}}]",
    "duration": "do: [{a: {wait: '${ $secrets.token }'}}]",
    "loop": """
do:
  - a:
      for: {each: item, in: [a, '${ $secrets.token }', '${ $secrets.db }']}
      do: [{b: {call: echo, with: {x: '${ $item }', before: '${ . }'}}}]
""",
    "checkpoint": """
do:
  - keep: {set: {x: '${ $secrets.token }'}, export: {as: '${ . }'}}
  - a:
      for: {each: item, in: '${ [range(40)] }'}
      do:
        - b: {call: echo, with: {x: '${ $context.x }', y: '${ "n" * 9000 }'}}
""",
    "fork": """
do:
  - a:
      fork:
        branches:
          - b: {set: {x: '${ $secrets.token }'}, export: {as: '${ {b: $secrets.db} }'}}
          - c: {call: twist, with: {text: '${ $secrets.db.password }'}}
""",
    "schema": """
do:
  - a: {set: {x: '${ $secrets.token }'}, output: {schema: {document: {properties: {x: {type: string, const: k}}}}}}
""",
    "function": """
do: [{a: {call: mine, with: {x: '${ $secrets.token }'}}}]
use:
  secrets: [token]
  functions: {mine: {call: twist, with: {text: '${ .x }'}}}
""",
    "http body": """
do:
  - a:
      call: http
      with: {method: post, endpoint: 'https://httpbin.org/anything', body: {x: '${ $secrets.token }'}}
""",
    "http text": """
do:
  - a:
      call: http
      with: {method: post, endpoint: 'https://httpbin.org/anything', body: '${ $secrets.db.password }', output: raw}
""",
    "http header": """
do:
  - a:
      call: http
      with:
        method: get
        endpoint: 'https://httpbin.org/anything'
        headers: {X-Token: '${ $secrets.token }'}
        query: {token: '${ $secrets.token }'}
        output: response
""",
    "http path": """
do:
  - a: {set: {token: '${ $secrets.token }'}}
  - b: {call: http, with: {method: get, endpoint: 'https://httpbin.org/nothing/{token}?x={token}'}}
""",
    "http error": """
do:
  - a:
      call: http
      with:
        method: get
        endpoint: {uri: 'https://httpbin.org/status/500?echo=1', authentication: {basic: {use: db}}}
        headers: {X-Token: '${ $secrets.token | @base64 }'}
""",
    "redirect": """
do:
  - a:
      call: http
      with:
        method: get
        endpoint: {uri: 'https://httpbin.org/redirect-to', authentication: {bearer: '${ $secrets.token | @uri }'}}
        query: {url: '${ "https://httpbin.org/anything?" + ($secrets.token | @uri) }'}
        redirect: true
        output: response
""",
    "redirect refused": """
do:
  - a:
      call: http
      with:
        method: get
        endpoint: 'https://httpbin.org/redirect-to'
        query: {url: '${ "https://httpbin.org/anything?" + ($secrets.token | @uri) }'}
""",
    "host": """
do: [{a: {call: http, with: {method: get, endpoint: '${ "https://\\($secrets.token).example.invalid/x" }'}}}]
""",
    "port": r"""
do: [{a: {call: http, with: {method: get, endpoint: '${ "http://127.0.0.1:\($secrets.token)/" }'}}}]
""",
    "no text": "do: [{a: {call: surrogate, with: {text: '${ $secrets.token }'}}}]",
    "no uri": "do: [{a: {call: http, with: {method: get, endpoint: '${ $secrets.token }'}}}]",
    "authorization": """
do:
  - a:
      call: http
      with:
        method: get
        endpoint:
          uri: 'https://httpbin.org/anything'
          authentication: {basic: {username: ada, password: '${ $secrets.token }'}}
        headers: {X-Again: '${ $authorization.parameter }'}
      export: {as: '${ {scheme: $authorization.scheme, parameter: $authorization.parameter} }'}
  - b: {set: {x: '${ $context }', y: '${ . }'}}
""",
    "task": "do: [{a: {set: {x: '${ $task }', y: '${ $workflow }', z: '${ [$secrets.token] }'}}}]",
    "listen": """
do:
  - a:
      timeout: {after: {milliseconds: 1}}
      listen: {to: {one: {with: {type: x, data: '${ . == $secrets.token }'}}}}
""",
    "correlation": """
do:
  - a:
      timeout: {after: {milliseconds: 1}}
      listen: {to: {one: {with: {type: x}, correlate: {k: {from: .data.x, expect: '${ $secrets.token }'}}}}}
""",
    "child": """
do:
  - a:
      run:
        workflow:
          {namespace: tests, name: child, version: '1.0.0', input: {text: '${ $secrets.token }', db: '${ $secret.db }'}}
  - b: {call: echo, with: {x: '${ . }'}}
""",
    "shell": r"""
do:
  - a:
      run:
        shell:
          command: 'echo "$TOKEN" "$1"; cat; printf "%s" "$TOKEN" | base64; printf "%s" "$TOKEN" | rev >&2'
          arguments: ['${ $secrets.db.password }']
          stdin: '${ $secrets.token }'
          environment: {TOKEN: '${ $secrets.token }'}
        return: stdout
""",
    "shell error": """
do:
  - a:
      run:
        shell:
          command: 'seq 1 300 >&2; i=0; while [ $i -lt 60 ]; do echo "$TOKEN" >&2; i=$((i + 1)); done; exit 3'
          environment: {TOKEN: '${ $secrets.token }'}
""",
    "script": """
do:
  - a:
      run:
        script:
          language: python
          code: 'import os, sys; print(repr(os.environ["DB"]), sys.argv); raise ValueError(os.environ["DB"])'
          arguments: ['${ $secrets.token }']
          environment: {DB: '${ $secrets.db.password }'}
        return: all
""",
    "jinja": """
evaluate: {language: jinja}
do:
  - a: {set: {x: '${ secrets.token }', y: '${ "Bearer " + secrets.token }'}}
  - b: {call: twist, with: {text: '${ this.y }'}}
""",
    "jinja, looked into": """
evaluate: {language: jinja}
do: [{a: {set: {x: '${ secrets.token | upper }'}}}]
""",
    "loose": """
evaluate: {mode: loose}
do: [{a: {call: echo, with: {x: $secrets.token, y: '${ $secrets.db }', z: $secrets.token | length}}}]
""",
}


@pytest.fixture(scope="module")
def internet() -> Iterator[Internet]:
    with Internet() as internet:
        yield internet


@pytest.fixture
def records() -> Iterator[StringIO]:
    """All that any logger says, down to the details, as a handler would write it."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield written
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.mark.parametrize("name", LEAKS)
def test_nobody_sees_a_secret(
    name: str, tmp_path: Path, internet: Internet, capfd: pytest.CaptureFixture[str], records: StringIO
) -> None:
    answers = tell(document(LEAKS[name]), tmp_path, internet)
    streams = capfd.readouterr()
    for where, text in {"answers": answers, "out": streams.out, "err": streams.err, "log": records.getvalue()}.items():
        assert found_in(text.encode()) == [], where
    for file in tmp_path.iterdir():
        assert found_in(file.read_bytes()) == [], file.name


def document(text: str) -> Workflow:
    """`use` of the text, where it has one, is in the place of the common one."""
    header = HEADER.partition("use:")[0] if "\nuse:" in text else HEADER
    return Workflow(json.loads(json.dumps(read_yaml(header + text))))


def child() -> Workflow:
    """Gives what it was given, and keeps it where everybody looks."""
    text = """
document: {dsl: '1.0.3', namespace: tests, name: child, version: '1.0.0'}
do:
  - a: {set: {kept: '${ . }'}, export: {as: '${ . }'}}
  - b: {call: twist, with: {text: '${ .kept.text }'}}
  - c: {set: {given: '${ $workflow.input }', result: '${ . }', kept: '${ $context }'}}
"""
    return Workflow(json.loads(json.dumps(read_yaml(text))))


def tell(workflow: Workflow, folder: Path, internet: Internet) -> str:
    """Runs a workflow, kills its engine before its end is looked at, and gives all that can be asked of it."""
    answers: list[object] = []
    activities = Activities(FUNCTIONS, http=HttpOptions(hosts=internet.hosts))
    with dalsegno.Engine(
        folder / "store.db",
        activities=activities,
        secrets=SECRETS,
        allow=["shell", "script"],
        lifecycle=dalsegno.Sink(str(folder / "events.jsonl"), output=True),
        machines=1,
    ) as engine:
        instance = engine.start(workflow, {"given": 1}, id="one", workflows=[child()])
        try:
            answers.append(instance.wait(60))
        except dalsegno.DalsegnoError as error:
            answers += [error, error.args, repr(error)]
        answers += [instance.record, instance.output, instance.error, instance.input, *engine.list()]
        answers += [*instance.history(), engine.verify("one")]
        with suppress(dalsegno.DalsegnoError):
            answers.append(engine.get("one").wait(1))
        # While the engine is at work its WAL is beside the store.
        for file in list(folder.iterdir()):
            answers.append(file.read_bytes().decode("latin-1"))
        assert engine.verify("one").agrees
    return "\n".join(str(answer) + repr(answer) for answer in answers)


def found_in(data: bytes) -> list[str]:
    return [name for name, form in FORMS.items() if form in data]


def _forms() -> dict[str, bytes]:
    forms: dict[str, bytes] = {}
    # Halves of letters and digits only, which no escape changes: what is left of a value that was masked in part.
    pieces = ["kV9xQ2mZ7w", "T4bN8pLs", "Zq7WmK2xV9", "pLs4TbN8", "ada-of-the-secret"]
    for text in [TOKEN, PASSWORD, *pieces]:
        data = text.encode()
        forms[f"{text!r}"] = data
        forms[f"{text!r} as JSON"] = json.dumps(text)[1:-1].encode()
        forms[f"{text!r} as UTF-8 in latin-1"] = data.decode("latin-1").encode()
        forms[f"{text!r} percent-encoded"] = quote(text, safe="").encode()
        forms[f"{text!r} in a form"] = quote_plus(text).encode()
        for before in range(3):
            encoded = base64.b64encode(b"." * before + data)
            forms[f"{text!r} in base64 after {before}"] = encoded[4 if before else 0 : (before + len(data)) // 3 * 4]
    return forms


FORMS = _forms()


def test_what_is_searched_for_would_be_found() -> None:
    for text in (TOKEN, PASSWORD):
        for leak in (text, json.dumps(text), quote(text, safe=""), base64.b64encode(f"ab{text}".encode()).decode()):
            assert found_in(f"before {leak} after".encode()), leak


def test_whoever_is_called_gets_the_value(tmp_path: Path, internet: Internet) -> None:
    seen: list[JsonValue] = []

    def look(**given: JsonValue) -> int:
        seen.append(given)
        return 1

    text = r"""
do:
  - a:
      call: look
      with:
        plain: '${ $secrets.token }'
        field: '${ $secrets.db.username }'
        object: '${ $secret.db }'
        text: '${ "<\($secrets.token)> \(1 + 1)" }'
        base64: '${ "\($secrets.db.username):\($secrets.db.password)" | @base64 }'
        uri: '${ "x=" + ($secrets.token | @uri) }'
        all: ['${ $secrets }']
"""
    dalsegno.run(document(text), activities=[look], secrets=SECRETS)
    assert seen == [
        {
            "plain": TOKEN,
            "field": "ada-of-the-secret",
            "object": SECRETS["db"],
            "text": f"<{TOKEN}> 2",
            "base64": base64.b64encode(f"ada-of-the-secret:{PASSWORD}".encode()).decode(),
            "uri": f"x={quote(TOKEN, safe='-._~')}",
            "all": [SECRETS],
        }
    ]


def test_d7_jinja_opens_them_too() -> None:
    text = "evaluate: {language: jinja}\ndo: [{a: {call: echo, with: {x: '${Bearer {{ secrets.token }}}'}}}]"
    seen: list[JsonValue] = []
    dalsegno.run(document(text), activities=[_remember(seen)], secrets=SECRETS)
    assert seen == [{"x": f"Bearer {TOKEN}"}]


def _remember(seen: list[JsonValue]) -> Callable[..., object]:
    def echo(**given: JsonValue) -> None:
        seen.append(given)

    return echo


def test_outputs_show_a_mask() -> None:
    text = "do: [{a: {set: {x: '${ $secrets.token }', y: ['${ \"Bearer \" + $secrets.token }'], z: 1}}}]"
    assert dalsegno.run(document(text), secrets=SECRETS) == {"x": "***", "y": ["***"], "z": 1}


def test_e9_a_secret_that_nobody_gave_is_an_authorization_error() -> None:
    text = "do: [{a: {call: echo, with: {x: '${ $secrets.token }'}}}]"
    with pytest.raises(dalsegno.WorkflowFaulted) as faulted:
        dalsegno.run(document(text), activities=[echo])
    assert faulted.value.error["status"] == 403
    assert str(faulted.value.error["type"]).endswith("/authorization")
    assert "--secret" in str(faulted.value.error["detail"])


def test_d7_looking_into_a_secret_is_an_expression_error_that_names_what_to_do() -> None:
    with pytest.raises(dalsegno.WorkflowFaulted) as faulted:
        dalsegno.run(document("do: [{a: {set: {x: '${ $secrets.token | length }'}}}]"), secrets=SECRETS)
    assert str(faulted.value.error["type"]).endswith("/expression")
    assert "use.authentications" in str(faulted.value.error["detail"])


def test_data_that_looks_like_a_sealed_value_stays_data(tmp_path: Path) -> None:
    data: JsonValue = {"$sealed": {"is": "secret", "name": "token"}, "$$sealed": [{"$sealed": 1}], "big": "x" * 9000}
    text = "do: [{a: {call: echo, with: {x: '${ . }', y: '${ $secrets.token }'}}}, {b: {set: {x: '${ .x }'}}}]"
    with dalsegno.Engine(tmp_path / "store.db", activities=[echo], secrets=SECRETS) as engine:
        instance = engine.start(document(text), data, id="one")
        assert instance.wait(60) == {"x": data}
        assert instance.input == data
        assert engine.verify("one").agrees


def test_an_instance_that_is_taken_up_again_gets_the_secret_as_it_is_now(tmp_path: Path) -> None:
    begun = threading.Event()
    seen: list[str] = []

    async def deliver(text: str) -> str:
        seen.append(text)
        if len(seen) == 1:
            begun.set()
            await asyncio.Event().wait()
        return text

    text = "do: [{a: {call: deliver, with: {text: '${ \"Bearer \" + $secrets.token }'}}}]"
    with dalsegno.Engine(tmp_path / "store.db", activities=[deliver], secrets={"token": "of-yesterday"}) as engine:
        engine.start(document(text), id="one")
        assert begun.wait(60)
    with dalsegno.Engine(tmp_path / "store.db", activities=[deliver], secrets={"token": "of-today"}) as engine:
        assert engine.get("one").wait(60) == "Bearer ***"
        assert engine.verify("one").agrees
    assert seen == ["Bearer of-yesterday", "Bearer of-today"]
    assert b"of-today" not in (tmp_path / "store.db").read_bytes()
