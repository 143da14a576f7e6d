"""`call: openapi`: the document fetched once, parameters put where they are declared."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qs

import pytest
from tests.activities.performer import call, described, failure, on, perform
from tests.servers.httpbin import httpbin
from tests.servers.internet import Internet
from tests.servers.site import Answer, Received, Site, json_answer

from dalsegno.activities.options import HttpOptions
from dalsegno.activities.registry import Activities
from dalsegno.schema.values import JsonObject, JsonValue

PETSTORE = "https://petstore.swagger.io/v2/swagger.json"


def pets(operation: str, parameters: JsonValue = None, **more: JsonValue) -> JsonObject:
    document: JsonObject = {"endpoint": PETSTORE}
    return {"document": document, "operationId": operation, "parameters": parameters, **more}


def site(document: object, content_type: str = "application/json") -> Site:
    """A site whose /openapi is that document (text as it is, all else as JSON), and which echoes everything else."""

    def answer(received: Received) -> Answer:
        if received.path != "/openapi":
            return httpbin(replace(received, path="/anything" + received.path))
        body = document if isinstance(document, str) else json.dumps(document)
        return Answer(200, body.encode(), {"Content-Type": content_type})

    return answer


def sent(document: Mapping[str, object], parameters: JsonValue = None, **more: JsonValue) -> Received:
    """The request that the operation `op` of a document becomes."""
    with Internet({"api.example": site(document)}) as internet:
        document_at: JsonObject = {"endpoint": "https://api.example/openapi"}
        arguments: JsonObject = {"document": document_at, "operationId": "op", "parameters": parameters, **more}
        perform("openapi", arguments, http=on(internet))
        return internet.received[-1]


def refused(document: object, parameters: JsonValue = None, content_type: str = "application/json") -> JsonObject:
    """The error of calling the operation `op` of a document."""
    with Internet({"api.example": site(document, content_type)}) as internet:
        document_at: JsonObject = {"endpoint": "https://api.example/openapi"}
        arguments: JsonObject = {"document": document_at, "operationId": "op", "parameters": parameters}
        return failure("openapi", arguments, http=on(internet))


def swagger(*parameters: object, path: str = "/things", **operation: object) -> dict[str, object]:
    return {
        "swagger": "2.0",
        "paths": {path: {"post": {"operationId": "op", "parameters": list(parameters), **operation}}},
    }


def openapi(*parameters: object, path: str = "/things", **operation: object) -> dict[str, object]:
    return {
        "openapi": "3.1.0",
        "paths": {path: {"post": {"operationId": "op", "parameters": list(parameters), **operation}}},
    }


def declared(name: str, place: str, **more: object) -> dict[str, object]:
    return {"name": name, "in": place, **more}


# The conformance scenarios


def test_c17_pets_are_found_by_status(internet: Internet) -> None:
    found = perform("openapi", pets("findPetsByStatus", {"status": "available"}), http=on(internet))
    assert isinstance(found, list)
    assert len(found) == 2


def test_c17_a_pet_is_got_by_its_id_with_the_whole_response(internet: Internet) -> None:
    value = perform("openapi", pets("getPetById", {"petId": 1}, output="response"), http=on(internet))
    assert isinstance(value, dict)
    assert value["content"] == {"id": 1, "name": "Milou", "status": "available"}
    assert isinstance(request := value["request"], dict)
    assert request["uri"] == "https://petstore.swagger.io/v2/pet/1"
    assert isinstance(headers := request["headers"], dict)
    assert headers["Accept"] == "application/json"
    assert headers["Idempotency-Key"] == "execution-1/do/0/task"


def test_a_document_that_was_fetched_serves_all_calls(internet: Internet) -> None:
    async def story() -> None:
        activities = Activities(http=on(internet))
        one = call("openapi", await described(activities, pets("getPetById", {"petId": 1})))
        await asyncio.gather(*(activities.perform(one) for _ in range(5)))
        await activities.perform(one)
        await activities.aclose()

    asyncio.run(story())
    assert [received.path for received in internet.received] == ["/v2/swagger.json"] + ["/v2/pet/1"] * 6


def test_a_document_that_could_not_be_fetched_can_be_fetched_later() -> None:
    answers = iter([Answer(503), json_answer(swagger())])

    def unsteady(received: Received) -> Answer:
        return next(answers) if received.path == "/openapi" else json_answer({})

    async def story(http: HttpOptions) -> None:
        activities = Activities(http=http)
        document: JsonObject = {"endpoint": "https://api.example/openapi"}
        arguments: JsonObject = {"document": document, "operationId": "op"}
        with pytest.raises(Exception, match="503"):
            await described(activities, arguments)
        assert await activities.perform(call("openapi", await described(activities, arguments))) == {}
        await activities.aclose()

    with Internet({"api.example": unsteady}) as internet:
        asyncio.run(story(on(internet)))


def test_authentication_of_the_document_and_of_the_call_are_each_their_own() -> None:
    with Internet({"api.example": site(swagger())}) as internet:
        endpoint: JsonObject = {"uri": "https://api.example/openapi", "authentication": {"bearer": "reader"}}
        document: JsonObject = {"endpoint": endpoint}
        authentication: JsonObject = {"bearer": "caller"}
        arguments: JsonObject = {"document": document, "operationId": "op", "authentication": authentication}
        perform("openapi", arguments, http=on(internet))
        assert [received.headers["authorization"] for received in internet.received] == [
            "Bearer reader",
            "Bearer caller",
        ]


# Where parameters go


def test_c17_parameters_go_where_they_are_declared() -> None:
    document = swagger(
        declared("id", "path", required=True),
        declared("q", "query"),
        declared("X-Trace", "header"),
        path="/things/{id}",
    )
    received = sent(document, {"id": "a/b c", "q": True, "X-Trace": 7})
    assert received.target == "/things/a%2Fb%20c?q=true"
    assert received.headers["x-trace"] == "7"


@pytest.mark.parametrize(
    ("format", "query"), [(None, "a,b"), ("csv", "a,b"), ("ssv", "a b"), ("tsv", "a\tb"), ("pipes", "a|b")]
)
def test_c17_arrays_of_2_0_are_joined_as_declared(format: str | None, query: str) -> None:
    more = {} if format is None else {"collectionFormat": format}
    received = sent(swagger(declared("tag", "query", type="array", **more)), {"tag": ["a", "b"]})
    assert received.query == {"tag": [query]}


@pytest.mark.parametrize(
    ("declaration", "query"),
    [
        ({}, ["a", "b"]),
        ({"explode": False}, ["a,b"]),
        ({"style": "pipeDelimited", "explode": False}, ["a|b"]),
        ({"style": "spaceDelimited"}, ["a b"]),
        ({"content": {"application/json": {}}}, ['["a", "b"]']),
    ],
)
def test_c17_arrays_of_3_are_written_in_their_style(declaration: dict[str, object], query: list[str]) -> None:
    assert sent(openapi(declared("tag", "query", **declaration)), {"tag": ["a", "b"]}).query == {"tag": query}


def test_c17_a_scalar_for_an_array_is_one_item() -> None:
    assert sent(swagger(declared("tag", "query", type="array", collectionFormat="multi")), {"tag": "a"}).query == {
        "tag": ["a"]
    }


def test_parameters_of_the_path_and_those_that_are_referred_to() -> None:
    document: dict[str, object] = {
        "openapi": "3.0.3",
        "components": {"parameters": {"a~b": declared("page", "query")}},
        "paths": {
            "/things/{id}": {
                "parameters": [declared("id", "path"), declared("q", "query", required=True)],
                "get": {
                    "operationId": "op",
                    "parameters": [{"$ref": "#/components/parameters/a~0b"}, declared("q", "query")],
                },
            }
        },
    }
    assert sent(document, {"id": 7, "page": 2}).target == "/things/7?page=2"


def test_cookies_of_3() -> None:
    assert sent(openapi(declared("session", "cookie")), {"session": "x"}).headers["cookie"] == "session=x"


@pytest.mark.parametrize("id_", [".", ".."])
def test_a_parameter_cannot_lead_to_another_path(id_: str) -> None:
    error = refused(swagger(declared("id", "path"), path="/things/{id}/secret"), {"id": id_})
    assert error["type"] == "expression"


@pytest.mark.parametrize("parameters", [None, {}, {"id": None}])
def test_c17_a_required_parameter_that_is_missing_is_a_validation_error(parameters: JsonValue) -> None:
    error = refused(swagger(declared("id", "query", required=True)), parameters)
    assert (error["type"], error["status"], error["detail"]) == ("validation", 400, "op needs the parameter id")


def test_c17_an_unknown_parameter_is_a_configuration_error() -> None:
    error = refused(swagger(declared("id", "query")), {"idd": 1})
    assert (error["type"], error["detail"]) == ("configuration", "op has no parameter idd. It takes: id")


@pytest.mark.parametrize("parameters", ["text", [1]])
def test_parameters_are_an_object(parameters: JsonValue) -> None:
    assert refused(swagger(), parameters)["type"] == "expression"


# Bodies


@pytest.mark.parametrize("parameters", [{"pet": {"name": "Bill"}}, {"body": {"name": "Bill"}}, {"name": "Bill"}])
def test_c17_the_body_of_2_0_by_its_name_as_body_or_as_the_rest(parameters: JsonValue) -> None:
    document = swagger(declared("pet", "body", required=True), consumes=["application/xml", "application/json"])
    received = sent(document, parameters)
    assert (received.headers["content-type"], received.body) == ("application/json", b'{"name":"Bill"}')


@pytest.mark.parametrize("parameters", [{"body": {"name": "Bill"}, "q": 1}, {"name": "Bill", "q": 1}])
def test_c17_the_body_of_3_as_body_or_as_the_rest(parameters: JsonValue) -> None:
    content: dict[str, object] = {"application/x-www-form-urlencoded": {}, "application/vnd.pet+json": {}}
    received = sent(openapi(declared("q", "query"), requestBody={"content": content}), parameters)
    assert (received.headers["content-type"], received.body) == ("application/vnd.pet+json", b'{"name":"Bill"}')
    assert received.target == "/things?q=1"


def test_forms() -> None:
    in_two = swagger(declared("name", "formData"), consumes=["application/x-www-form-urlencoded"])
    in_three = openapi(requestBody={"content": {"application/x-www-form-urlencoded": {}}})
    for document in (in_two, in_three):
        received = sent(document, {"name": "Bill & Ben"})
        assert received.headers["content-type"] == "application/x-www-form-urlencoded"
        assert parse_qs(received.body.decode()) == {"name": ["Bill & Ben"]}


def test_a_body_that_is_null_is_sent_and_one_that_is_optional_need_not_be() -> None:
    document = openapi(requestBody={"content": {"application/json": {}}})
    assert sent(document, {"body": None}).body == b"null"
    assert sent(document).body == b""


def test_c17_a_required_body_that_is_missing_is_a_validation_error() -> None:
    assert refused(openapi(requestBody={"required": True, "content": {}}))["type"] == "validation"
    assert refused(swagger(declared("pet", "body", required=True)))["type"] == "validation"


def test_c17_beside_a_whole_body_the_rest_is_unknown() -> None:
    error = refused(openapi(requestBody={"content": {"application/json": {}}}), {"body": 1, "nme": "Bill"})
    assert "no parameter nme" in str(error["detail"])


# Servers


@pytest.mark.parametrize(
    ("more", "target"),
    [
        ({}, "/things"),
        ({"basePath": "/v2/"}, "/v2/things"),
        ({"basePath": "/v2", "host": "api.example", "schemes": ["wss", "http", "https"]}, "/v2/things"),
    ],
)
def test_c17_where_an_operation_of_2_0_is(more: dict[str, object], target: str) -> None:
    assert sent({**swagger(), **more}).target == target


@pytest.mark.parametrize(
    ("servers", "target"),
    [
        ([], "/things"),
        ([{"url": "/v3"}, {"url": "https://elsewhere.invalid"}], "/v3/things"),
        ([{"url": "v3/"}], "/v3/things"),
        ([{"url": "https://{host}/{base}", "variables": {"host": {"default": "api.example"}, "base": {"default": "b"}}}]
        , "/b/things"),
    ],
)  # fmt: skip
def test_c17_the_first_server_of_3_relative_to_the_document(servers: list[object], target: str) -> None:
    assert sent({**openapi(), "servers": servers}).target == target


# Documents that are none


def test_e10_a_document_without_the_operation_is_a_configuration_error(internet: Internet) -> None:
    error = failure("openapi", pets("getPetByIdd"), http=on(internet))
    assert (error["type"], error["detail"]) == (
        "configuration",
        "https://petstore.swagger.io/v2/swagger.json has no operation 'getPetByIdd', did you mean getPetById?",
    )


@pytest.mark.parametrize(
    "document",
    ["<html></html>", "{", "[]", "{}", "a: [", "\x00", '{"swagger": "1.2"}', '{"asyncapi": "3.0.0"}', "[" * 2000],
)
def test_e10_what_is_no_openapi_document_is_a_configuration_error(document: str) -> None:
    error = refused(document)
    assert error["type"] == "configuration"
    assert str(error["detail"]).startswith("https://api.example/openapi ")


def test_a_document_in_yaml() -> None:
    document = "swagger: '2.0'\ninfo: {date: 2020-01-01}\npaths:\n  /things:\n    get:\n      operationId: op\n"
    assert "answered" not in str(refused(document, {"a": 1}, "application/yaml")["detail"])
    assert "no parameter a" in str(refused(document, {"a": 1}, "application/yaml")["detail"])


def test_a_bomb_of_aliases_is_no_more_than_its_text() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    assert refused("\n".join(lines))["type"] == "configuration"


@pytest.mark.parametrize(
    "document",
    [
        swagger({"$ref": "other.json#/parameters/x"}),
        swagger({"$ref": "#/parameters/x"}),
        {**swagger({"$ref": "#/a"}), "a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}},
        swagger(declared("f", "formData", type="file")),
        swagger(declared("f", "formData"), consumes=["multipart/form-data"]),
        openapi(declared("f", "path", style="matrix")),
        openapi(declared("f", "elsewhere")),
        {"openapi": "3.0.0", "paths": [1, 2]},
        {"openapi": "3.0.0", "paths": {"/x": {"get": 7, "post": {"parameters": {}}}}},
    ],
)
def test_what_is_not_available_in_a_document_is_said(document: dict[str, object]) -> None:
    assert refused(document)["type"] == "configuration"


@pytest.mark.parametrize("arguments", [None, {}, {"document": "x"}, {"document": {}}, {"document": {"endpoint": 1}}])
def test_arguments_that_no_call_can_be_made_of(internet: Internet, arguments: JsonValue) -> None:
    assert failure("openapi", arguments, http=on(internet))["type"] == "configuration"


def test_a_document_that_cannot_be_reached_is_a_communication_error(internet: Internet) -> None:
    document: JsonObject = {"endpoint": "https://httpbin.org/status/404"}
    error = failure("openapi", {"document": document, "operationId": "op"}, http=on(internet))
    assert (error["type"], error["status"]) == ("communication", 404)


def test_a_redirect_of_an_operation_is_an_error_unless_followed() -> None:
    def moved(received: Received) -> Answer:
        match received.path:
            case "/openapi":
                return json_answer({"openapi": "3.1.0", "paths": {"/old": {"get": {"operationId": "op"}}}})
            case "/old":
                return Answer(302, headers={"Location": "/new"})
            case _:
                return json_answer({"found": True})

    arguments: JsonObject = {"document": {"endpoint": "https://api.example/openapi"}, "operationId": "op"}
    with Internet({"api.example": moved}) as internet:
        assert failure("openapi", arguments, http=on(internet))["status"] == 302
        assert perform("openapi", {**arguments, "redirect": True}, http=on(internet)) == {"found": True}
