"""Decision rows about `run`: workflows and processes (C5, C23 to C27, E6, E10, F17)."""

import pytest

from dalsegno.interpreter.errors import WorkflowError, standard
from dalsegno.interpreter.events import ActivityFailed, ChildFailed
from dalsegno.schema.values import JsonObject, JsonValue
from host import Host

SHIP = "namespace: shop, name: ship, version: latest, input: {order: '${ .id }'}"


def run(also: str = "", beside: str = "") -> str:
    """A task that runs the workflow `ship`; `also` stands in its `run`, `beside` in the task."""
    return f"{{run: {{workflow: {{{SHIP}}}{also}}}{beside}}}"


def ship(arguments: JsonObject) -> JsonValue:
    return {"shipped": arguments["order"]}


def test_c25_the_output_of_the_child_is_the_output_of_the_task() -> None:
    host = Host(f"do: [{{ship: {run()}}}]", {"id": 7}, children={"ship": ship}).run()
    assert host.output == {"shipped": 7}
    (child,) = host.children
    assert (child.namespace, child.name, child.version, child.input) == ("shop", "ship", "latest", {"order": 7})


def test_c25_return_none_gives_the_transformed_input() -> None:
    task = run(", return: none", ", input: {from: '${ {id: 8} }'}")
    host = Host(f"do: [{{ship: {task}}}]", {"id": 7}, children={"ship": ship}).run()
    assert host.output == {"id": 8}


@pytest.mark.parametrize("data", ["text", "5", "[1, 2]", "null", "'${ [.id] }'"])
def test_c25_the_input_may_be_of_any_type(data: str) -> None:
    text = f"do: [{{ship: {{run: {{workflow: {{namespace: shop, name: ship, version: 1.0.0, input: {data}}}}}}}}}]"
    host = Host(text, {"id": 7}, hold=frozenset({"ship"})).run()
    (child,) = host.children
    assert child.input in ("text", 5, [1, 2], None, [7])


def test_d19_a_child_without_input_gets_an_empty_object() -> None:
    host = Host("do: [{a: {run: {workflow: {namespace: n, name: f, version: 1.0.0}}}}]", hold=frozenset({"f"})).run()
    assert host.children[0].input == {}


def test_c25_a_fault_of_the_child_is_raised_at_the_run_task() -> None:
    def fail(_: JsonObject) -> JsonValue:
        raise WorkflowError.of("communication", "the carrier is away", status=503)

    caught = f"""
do:
  - around:
      try: [{{ship: {run()}}}]
      catch: {{errors: {{with: {{status: 503}}}}, do: [{{note: {{set: {{where: '${{ $error.instance }}'}}}}}}]}}
"""
    assert Host(caught, {"id": 7}, children={"ship": fail}).run().output == {"where": "/do/0/around/try/0/ship"}
    host = Host(f"do: [{{ship: {run()}}}]", {"id": 7}, children={"ship": fail}).run()
    assert (host.error["status"], host.error["instance"]) == (503, "/do/0/ship")


def test_c5_await_false_gives_the_transformed_input_at_once() -> None:
    host = Host(f"do: [{{ship: {run(', await: false')}}}]", {"id": 7}).run()
    assert host.output == {"id": 7}
    assert host.children[0].detached


def test_c26_a_detached_child_outlives_the_end_and_the_cancellation_of_its_parent() -> None:
    host = Host(f"do: [{{ship: {run(', await: false')}}}, {{w: {{wait: PT1H}}}}]", {"id": 7})
    host.step()
    host.cancel()
    assert host.machine.status == "cancelled"
    assert (len(host.children), host.released) == (1, [])


def test_f17_cancelling_cancels_the_children_that_are_awaited() -> None:
    branches = f"[{{a: {run()}}}, {{b: {run()}}}]"
    host = Host(f"do: [{{f: {{fork: {{branches: {branches}}}}}}}]", {"id": 7}, hold=frozenset({"ship"}))
    host.step()
    assert host.machine.status == "running"
    asked = [child.seq for child in host.children]
    host.cancel()
    assert sorted(host.released) == asked
    assert host.machine.status == "cancelled"


def test_f17_the_losers_of_a_race_are_cancelled() -> None:
    branches = f"[{{a: {run()}}}, {{b: {{wait: PT1S}}}}]"
    host = Host(
        f"do: [{{f: {{fork: {{compete: true, branches: {branches}}}}}}}]", {"id": 7}, hold=frozenset({"ship"})
    ).run()
    assert host.released == [host.children[0].seq]


def test_e7_a_timeout_of_the_task_cancels_the_child() -> None:
    host = Host(f"do: [{{ship: {run(beside=', timeout: {after: PT5S}')}}}]", {"id": 7}, hold=frozenset({"ship"})).run()
    assert (host.error["status"], host.released) == (408, [host.children[0].seq])


def test_e6_the_timeout_of_a_child_is_caught_by_a_try_around_it() -> None:
    def late(_: JsonObject) -> JsonValue:
        raise WorkflowError(standard("timeout", "the workflow took longer than its timeout allows"))

    text = f"do: [{{t: {{try: [{{ship: {run()}}}], catch: {{errors: {{with: {{type: timeout}}}}}}}}}}]"
    assert Host(text, {"id": 7}, children={"ship": late}).run().output == {"id": 7}


def test_children_of_a_loop_have_ids_of_their_own_and_the_same_by_replay() -> None:
    loop = f"do: [{{each: {{for: {{in: '[range(3)]'}}, do: [{{ship: {run()}}}]}}}}]"
    host = Host(loop, {"id": 7}, children={"ship": lambda data: {"id": data["order"]}}).run()
    ids = [child.instance for child in host.children]
    assert len(set(ids)) == 3
    assert all(id_.startswith("i-1/ship-") for id_ in ids)
    assert host.replayed().outcome == host.machine.outcome


def test_a_task_name_makes_an_id_that_can_be_typed() -> None:
    host = Host(f'do: [{{"pack\\n & ship it": {run()}}}]', {"id": 7}, hold=frozenset({"ship"})).run()
    assert host.children[0].instance.startswith("i-1/pack----ship-it-")


@pytest.mark.parametrize("field", ["namespace", "name", "version"])
def test_which_workflow_may_be_an_expression_that_gives_a_text(field: str) -> None:
    given = {"namespace": "shop", "name": "ship", "version": "1.0.0", field: "'${ .which }'"}
    text = f"do: [{{a: {{run: {{workflow: {{{', '.join(f'{k}: {v}' for k, v in given.items())}}}}}}}}}]"
    host = Host(text, {"which": "one"}, hold=frozenset({"ship", "one"})).run()
    assert getattr(host.children[0], field) == "one"
    assert Host(text, {"which": 1}).run().error["status"] == 400


def test_an_answer_to_a_child_that_was_given_up_is_ignored() -> None:
    ship_it = run(beside=", timeout: {after: PT5S}")
    text = f"do: [{{t: {{try: [{{ship: {ship_it}}}], catch: {{}}}}}}, {{w: {{wait: PT1H}}}}]"
    host = Host(text, {"id": 7}, hold=frozenset({"ship"}))
    while not host.released:
        host.step()
    error = standard("runtime", "the workflow that it runs was cancelled")
    assert host.tell(ChildFailed(at=host.clock, id=host.children[0].seq, error=error)) == []
    assert host.run().output == {"id": 7}


def test_a_process_is_an_activity_with_what_the_document_says() -> None:
    text = (
        "do: [{a: {run: {shell: {command: 'echo $1', arguments: ['${ .word }'], environment: {N: 1}}, return: all}}}]"
    )
    host = Host(text, {"word": "hi"}, {"run/shell": lambda given: {"code": 0, "given": given}}).run()
    assert host.output == {
        "code": 0,
        "given": {"command": "echo $1", "arguments": ["hi"], "environment": {"N": 1}, "return": "all"},
    }


def test_c23_return_none_gives_the_transformed_input() -> None:
    task = "{input: {from: '${ {n: 8} }'}, run: {shell: {command: ls}, return: none}}"
    assert Host(f"do: [{{a: {task}}}]", {"n": 7}, {"run/shell": lambda _: None}).run().output == {"n": 8}


def test_e10_a_process_that_fails_is_an_error_of_its_task() -> None:
    def fail(_: JsonObject) -> JsonValue:
        raise WorkflowError.of("runtime", "the command ended with exit code 1")

    host = Host("do: [{a: {run: {shell: {command: ls}}}}]", {}, {"run/shell": fail}).run()
    assert (host.error["status"], host.error["instance"]) == (500, "/do/0/a")


def test_c5_a_process_that_is_not_awaited_gives_the_transformed_input_at_once() -> None:
    text = "do: [{a: {run: {shell: {command: ls}, await: false}}}, {w: {wait: PT1H}}]"
    host = Host(text, {"n": 7}, hold=frozenset({"run/shell"}))
    host.step()
    (call,) = host.calls
    assert (call.detached, call.arguments) == (True, {"command": "ls", "return": "none"})
    assert [type(command).__name__ for command in host.machine.pending] == ["StartTimer"]
    # Its answer is recorded, and changes nothing; neither does the end of the instance stop it.
    assert host.tell(ActivityFailed(at=host.clock, id=call.seq, error=standard("runtime", "gone"))) == []
    assert host.run().output == {"n": 7}
    assert host.replayed().outcome == host.machine.outcome


def test_c24_a_lifetime_is_in_milliseconds() -> None:
    text = """
do:
  - a:
      run:
        container: {image: busybox, lifetime: {cleanup: eventually, after: {minutes: 30}}, ports: {'8080': 80}}
"""
    host = Host(text, hold=frozenset({"run/container"})).run()
    assert host.calls[0].arguments == {
        "image": "busybox",
        "lifetime": {"cleanup": "eventually", "after": 1_800_000},
        "ports": {"8080": 80},
        "return": "stdout",
    }


@pytest.mark.parametrize("kind", ["{shell: {command: ls, arguments: '${ .words }', environment: '${ .names }'}}"])
def test_c27_a_whole_expression_stands_for_arguments_and_environment(kind: str) -> None:
    host = Host(
        f"do: [{{a: {{run: {kind}}}}}]", {"words": ["x"], "names": {"N": 1}}, hold=frozenset({"run/shell"})
    ).run()
    assert host.calls[0].arguments == {"command": "ls", "arguments": ["x"], "environment": {"N": 1}, "return": "stdout"}
