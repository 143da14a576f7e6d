"""Authentication against a real server: digest, OAuth2, OpenID Connect, and what secrets hold (C18, C19)."""

import asyncio
import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.activities.performer import call, failure, on, perform
from tests.servers.authority import Authority
from tests.servers.internet import Internet
from tests.servers.site import Site

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.registry import Activities
from dalsegno.activities.secrets import Secrets
from dalsegno.schema.sealed import Encoded, Parameter, Sealed, Secret
from dalsegno.schema.values import JsonObject, JsonValue

LOGIN = "https://login.example.com"
SERVICE = "https://api.example.com/things"
CLIENT: JsonObject = {"id": "shop", "secret": "s3cret-of-shop"}
GRANT: JsonObject = {"authority": LOGIN, "grant": "client_credentials", "client": CLIENT}


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def internet(authority: Authority) -> Iterator[Internet]:
    service = authority.service
    sites: dict[str, Site] = {
        "login.example.com": authority,
        "api.example.com": service,
        "elsewhere.example.com": service,
    }
    with Internet(sites) as internet:
        yield internet


def get(authentication: JsonValue, uri: str = SERVICE, **more: JsonValue) -> JsonObject:
    return {"method": "get", "endpoint": {"uri": uri, "authentication": authentication}, **more}


def answers(internet: Internet, *arguments: JsonObject, secrets: JsonObject | None = None) -> list[JsonValue]:
    """The results of calls that one engine makes, one after the other; errors as what they say."""

    async def story() -> list[JsonValue]:
        activities = Activities(http=on(internet))
        results: list[JsonValue] = []
        for each in arguments:
            try:
                results.append(await activities.perform(replace(call("http", each), secrets=Secrets(secrets))))
            except ActivityError as error:
                results.append(error.error["detail"])
        await activities.aclose()
        return results

    return asyncio.run(story())


# Digest


def test_digest_answers_the_challenge(internet: Internet) -> None:
    uri = "https://api.example.com/digest/ada/p%C3%A4ss"
    arguments = get({"digest": {"username": "ada", "password": "päss"}}, uri)
    assert perform("http", arguments, http=on(internet)) == {"authenticated": True, "user": "ada"}
    assert len(internet.received) == 2


def test_a_wrong_digest_is_a_401(internet: Internet) -> None:
    arguments = get({"digest": {"username": "ada", "password": "wrong"}}, "https://api.example.com/digest/ada/right")
    assert failure("http", arguments, http=on(internet))["status"] == 401


def test_a_digest_is_not_for_another_origin(internet: Internet) -> None:
    arguments = get({"digest": {"username": "a", "password": "b"}}, "https://api.example.com/away", redirect=True)
    failure("http", arguments, http=on(internet))
    assert [received.headers["host"] for received in internet.received] == ["api.example.com", "elsewhere.example.com"]


# OAuth2


def test_c19_a_token_is_fetched_once_and_kept(internet: Internet, authority: Authority) -> None:
    first, second = answers(internet, get({"oauth2": GRANT}), get({"oauth2": GRANT}))
    # Nobody sees the token, not even the workflow.
    assert first == second == {"token": "***", "again": None}
    assert authority.asked == [
        {"grant_type": "client_credentials", "client_id": "shop", "client_secret": "s3cret-of-shop"}
    ]


def test_c19_another_client_gets_another_token(internet: Internet, authority: Authority) -> None:
    other: JsonObject = {**GRANT, "client": {"id": "other", "secret": "s3cret-of-other"}}
    answers(internet, get({"oauth2": GRANT}), get({"oauth2": other}))
    assert [asked["client_id"] for asked in authority.asked] == ["shop", "other"]


@pytest.mark.parametrize(("life", "asked"), [(0, 2), ("0", 2), (3600, 1), (None, 1)])
def test_c19_a_token_is_fetched_anew_when_it_has_expired(
    internet: Internet, authority: Authority, life: int | str | None, asked: int
) -> None:
    authority.life = life
    answers(internet, get({"oauth2": GRANT}), get({"oauth2": GRANT}))
    assert len(authority.asked) == asked


def test_c19_a_token_that_is_refused_is_renewed_once(internet: Internet, authority: Authority) -> None:
    async def story() -> tuple[JsonValue, str]:
        activities = Activities(http=on(internet))
        await activities.perform(call("http", get({"oauth2": GRANT})))
        authority.revoke()
        renewed = await activities.perform(call("http", get({"oauth2": GRANT})))
        with pytest.raises(ActivityError) as refused:
            await activities.perform(
                call("http", get({"oauth2": {**GRANT, "scopes": ["none"]}}, SERVICE + "/../digest/a/b"))
            )
        await activities.aclose()
        return renewed, str(refused.value.error)

    renewed, refused = asyncio.run(story())
    assert renewed == {"token": "***", "again": None}
    assert "401" in refused
    # The first, its renewal; another, its renewal, and then no more.
    assert len(authority.asked) == 4


def test_calls_that_start_together_share_one_token(internet: Internet, authority: Authority) -> None:
    async def story() -> None:
        activities = Activities(http=on(internet))
        await asyncio.gather(*(activities.perform(call("http", get({"oauth2": GRANT}))) for _ in range(10)))
        await activities.aclose()

    asyncio.run(story())
    assert len(authority.asked) == 1


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({"scopes": ["a", "b"]}, {"scope": "a b"}),
        ({"audiences": ["x", "y"]}, {"audience": "x y"}),
        ({"grant": "client-credentials"}, {"grant_type": "client_credentials"}),
        (
            {"grant": "password", "username": "ada", "password": "of ada"},
            {"grant_type": "password", "username": "ada", "password": "of ada"},
        ),
        (
            {
                "grant": "urn:ietf:params:oauth:grant-type:token-exchange",
                "subject": {"token": "one", "type": "urn:ietf:params:oauth:token-type:jwt"},
                "actor": {"token": "two", "type": "urn:ietf:params:oauth:token-type:access_token"},
            },
            {
                "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
                "subject_token": "one",
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "actor_token": "two",
                "actor_token_type": "urn:ietf:params:oauth:token-type:access_token",
            },
        ),
        ({"request": {"encoding": "application/json"}, "scopes": ["a"]}, {"scope": "a"}),
        (
            {"client": {"id": "a:b", "secret": "c d/e", "authentication": "client_secret_basic"}},
            {"basic": "a:b", "client_secret": "c d/e"},
        ),
        ({"client": {"id": "shop", "authentication": "none"}}, {"client_id": "shop"}),
        (
            {"client": {"id": "shop", "assertion": "signed", "authentication": "private_key_jwt"}},
            {
                "client_id": "shop",
                "client_assertion": "signed",
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            },
        ),
        ({"endpoints": {"token": "/realms/shop/token"}}, {}),
        ({"endpoints": {"token": f"{LOGIN}/realms/shop/token"}}, {}),
    ],
)
@pytest.mark.parametrize("scheme", ["oauth2", "oidc"])
def test_what_a_token_server_is_asked(
    internet: Internet, authority: Authority, scheme: str, fields: JsonObject, asked: JsonObject
) -> None:
    # Where its endpoints are, a server of OpenID Connect says itself.
    place: JsonObject = {"authority": f"{LOGIN}/realms/shop"} if scheme == "oidc" else {}
    assert answers(internet, get({scheme: {**GRANT, **place, **fields}})) == [{"token": "***", "again": None}]
    (sent,) = authority.asked
    default: JsonObject = {"grant_type": "client_credentials"}
    if "client" not in fields:
        default |= {"client_id": "shop", "client_secret": "s3cret-of-shop"}
    assert sent == {**default, **asked}


def test_nothing_is_revoked_and_nothing_looked_up(internet: Internet) -> None:
    endpoints: JsonObject = {"revocation": "/revoke", "introspection": "/introspect"}
    assert answers(internet, get({"oauth2": {**GRANT, "endpoints": endpoints}})) == [{"token": "***", "again": None}]
    assert [received.path for received in internet.received] == ["/oauth2/token", "/things"]


def test_a_client_can_sign_with_its_secret(internet: Internet, authority: Authority) -> None:
    answers(internet, get({"oauth2": {**GRANT, "client": {**CLIENT, "authentication": "client_secret_jwt"}}}))
    (asked,) = authority.asked
    assert "client_secret" not in asked
    head, claims, signature = asked["client_assertion"].split(".")
    digest = hmac.new(b"s3cret-of-shop", f"{head}.{claims}".encode(), hashlib.sha256).digest()
    assert signature == urlsafe_b64encode(digest).rstrip(b"=").decode()
    said = json.loads(urlsafe_b64decode(claims + "=="))
    assert (said["iss"], said["sub"], said["aud"]) == ("shop", "shop", f"{LOGIN}/oauth2/token")


# OpenID Connect


@pytest.mark.parametrize(
    "authentication",
    [
        {"oidc": {**GRANT, "authority": f"{LOGIN}/realms/shop"}},
        {"oidc": {**GRANT, "authority": f"{LOGIN}/realms/shop/"}},
        {"oauth2": {**GRANT, "authority": f"{LOGIN}/realms/shop/.well-known/openid-configuration"}},
    ],
)
def test_c19_openid_connect_finds_the_endpoint(internet: Internet, authentication: JsonValue) -> None:
    assert answers(internet, get(authentication)) == [{"token": "***", "again": None}]
    assert [received.path for received in internet.received] == [
        "/realms/shop/.well-known/openid-configuration",
        "/realms/shop/token",
        "/things",
    ]


@pytest.mark.parametrize(("scheme", "place"), [("oidc", f"{LOGIN}/realms/shop"), ("oauth2", LOGIN)])
def test_a_token_of_another_issuer_is_refused(
    internet: Internet, authority: Authority, scheme: str, place: str
) -> None:
    authority.issuer = "https://evil.example.com"
    fields: JsonObject = {**GRANT, "authority": place, "issuers": [LOGIN]}
    error = failure("http", get({scheme: fields}), http=on(internet))
    assert error["type"] == "authentication"
    assert "https://evil.example.com" in str(error["detail"])
    authority.issuer = LOGIN
    assert answers(internet, get({scheme: fields})) == [{"token": "***", "again": None}]


# What goes wrong


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        ({"client": {"id": "shop", "secret": "wrong"}}, "authentication", "invalid_client: no such client"),
        ({"authority": f"{LOGIN}/broken"}, "communication", "503"),
        ({"authority": f"{LOGIN}/odd"}, "authentication", "JSON object"),
        ({"authority": f"{LOGIN}/none"}, "authentication", "404"),
        ({"authority": f"{LOGIN}/silent/.well-known/openid-configuration"}, "configuration", "token_endpoint"),
        ({"authority": "login"}, "configuration", "URI"),
        ({"authority": None}, "configuration", "authority"),
        ({"grant": "authorization_code"}, "configuration", "client_credentials"),
        ({"grant": "refresh_token"}, "configuration", "client_credentials"),
        ({"grant": "password"}, "configuration", "username"),
        ({"grant": "urn:ietf:params:oauth:grant-type:token-exchange"}, "configuration", "subject"),
        ({"client": {"authentication": "private_key_jwt"}}, "configuration", "assertion"),
        ({"client": {"id": "x", "authentication": "client_secret_basic"}}, "configuration", "secret"),
        ({"client": {"id": {}}}, "expression", "client.id"),
    ],
)
def test_a_token_that_cannot_be_had(internet: Internet, fields: JsonObject, kind: str, words: str) -> None:
    error = failure("http", get({"oauth2": {**GRANT, **fields}}), http=on(internet))
    assert error["type"] == kind
    assert words in str(error["detail"])
    assert "s3cret" not in str(error)
    assert "grant_type" not in str(error)


# Secrets


@pytest.mark.parametrize(
    ("authentication", "secret", "header"),
    [
        ("basic", {"username": "ada", "password": "of ada"}, "Basic YWRhOm9mIGFkYQ=="),
        ("basic", '{"username": "ada", "password": "of ada"}', "Basic YWRhOm9mIGFkYQ=="),
        ("bearer", {"token": "t0ken"}, "Bearer t0ken"),
        ("bearer", "t0ken", "Bearer t0ken"),
        ("oauth2", {**GRANT}, "Bearer access-token-1"),
        ("oidc", {**GRANT, "authority": f"{LOGIN}/realms/shop"}, "Bearer access-token-1"),
    ],
)
def test_c18_a_secret_holds_what_would_stand_there(
    internet: Internet, authentication: str, secret: JsonValue, header: str
) -> None:
    arguments = get({authentication: Sealed(Secret("mine"))})
    answers(internet, arguments, secrets={"mine": secret})
    assert internet.received[-1].headers["authorization"] == header


def test_digest_takes_its_password_from_a_secret(internet: Internet) -> None:
    arguments = get({"digest": Sealed(Secret("mine"))}, "https://api.example.com/digest/ada/right")
    secrets: JsonObject = {"mine": {"username": "ada", "password": "right"}}
    assert answers(internet, arguments, secrets=secrets) == [{"authenticated": True, "user": "***"}]


def test_d22_the_parameter_is_filled_in_where_the_request_is_sent(internet: Internet) -> None:
    parameter = Sealed(Parameter("/do/0/task"))
    arguments = get({"oauth2": GRANT}, headers={"X-Again": parameter})
    assert answers(internet, arguments) == [{"token": "***", "again": "***"}]
    assert internet.received[-1].headers["x-again"] == "access-token-1"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (get({"oauth2": GRANT}, headers={"X": Sealed(Parameter("/do/7/other"))}), "its own task"),
        (get(None, headers={"X": Sealed(Parameter("/do/0/task"))}), "needs an authentication"),
        (
            get({"digest": {"username": "a", "password": "b"}}, headers={"X": Sealed(Parameter("/do/0/task"))}),
            "cannot be known beforehand",
        ),
        (get({"bearer": Sealed(Secret("none"))}), "is not there"),
        (get({"bearer": Sealed(Secret("text", ("token",)))}), "no field 'token'"),
        (get({"bearer": {"token": Sealed(Encoded("base64", Secret("object")))}}), "name one"),
    ],
)
def test_what_cannot_be_opened_says_why(internet: Internet, arguments: JsonObject, words: str) -> None:
    (said,) = answers(internet, arguments, secrets={"text": "t0ken", "object": {"a": "t0ken"}})
    assert words in str(said)
    assert "t0ken" not in str(said)
    assert internet.received == []
