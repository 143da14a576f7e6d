"""The authors' examples that reuse something, run as they are; the internet is a server of ours."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.servers.internet import PETSTORE, Internet
from tests.servers.site import Answer, Received, json_answer

import dalsegno
from dalsegno.activities.options import HttpOptions
from dalsegno.activities.registry import Activities
from dalsegno.engines.errors import WorkflowFaulted
from dalsegno.schema.values import JsonObject, JsonValue

RAW = "raw.githubusercontent.com"
LOG = "set: {logged: '${ .message }', at: '${ .level }'}\n"


class Pets:
    """A pet store that is away for its first two requests."""

    def __init__(self) -> None:
        self.away = 2

    def __call__(self, received: Received) -> Answer:
        self.away -= 1
        if self.away >= 0:
            return Answer(503)
        return json_answer({"id": int(received.parts[-1]), "token": received.headers.get("authorization")})


def catalog(received: Received) -> Answer:
    found = received.path == "/serverlessworkflow/catalog/main/functions/log/1.0.0/function.yaml"
    return Answer(200, LOG.encode(), {"Content-Type": "text/plain"}) if found else Answer(404)


@pytest.fixture
def pets() -> Pets:
    return Pets()


@pytest.fixture
def internet(pets: Pets) -> Iterator[Internet]:
    with Internet({PETSTORE: pets, RAW: catalog}) as internet:
        yield internet


def run(conformance: Path, name: str, internet: Internet, input: JsonValue = None) -> JsonValue:
    activities = Activities(http=HttpOptions(hosts=internet.hosts))
    return dalsegno.run(conformance / "examples" / f"{name}.yaml", input, activities=activities, timeout=60)


def fault(conformance: Path, name: str, internet: Internet) -> JsonObject:
    with pytest.raises(WorkflowFaulted) as faulted:
        run(conformance, name, internet)
    return faulted.value.error


def test_an_inline_function(conformance: Path, internet: Internet, pets: Pets) -> None:
    pets.away = 0
    assert run(conformance, "call-custom-function-inline", internet) == {"id": 69, "token": None}


def test_a_function_of_the_public_catalog_by_its_uri(conformance: Path, internet: Internet) -> None:
    output = run(conformance, "call-custom-function-cataloged", internet)
    assert output == {"logged": "Hello, world!", "at": "information"}


def test_an_authentication_by_name(conformance: Path, internet: Internet, pets: Pets) -> None:
    pets.away = 0
    output = run(conformance, "authentication-reusable", internet, {"petId": 1, "token": "secret"})
    assert output == {"id": 1, "token": "Bearer secret"}


def test_a_retry_policy_by_name(conformance: Path, internet: Internet, pets: Pets) -> None:
    pets.away = 1
    assert run(conformance, "try-catch-retry-reusable", internet, {"petId": 1}) == {"id": 1, "token": None}


def test_an_error_by_name(conformance: Path, internet: Internet) -> None:
    error = fault(conformance, "raise-reusable", internet)
    assert (error["status"], error["title"]) == (500, "Not Implemented")
    assert "The workflow 'raise-not-implemented:0.1.0'" in str(error["detail"])


def test_c22_the_mock_extension_fails_in_its_condition(conformance: Path, internet: Internet) -> None:
    # `startswith` of an endpoint that is an object: it would need `.uri`, which stands behind an `or`.
    error = fault(conformance, "mock-service-extension", internet)
    assert (error["status"], error["instance"]) == (400, "/do/0/callHttp")
    assert "startswith" in str(error["detail"])
    assert internet.received == []
