"""The local internet of the tests of activities."""

from collections.abc import Iterator

import pytest
from tests.servers.internet import Internet


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """The local internet is reached directly, whatever the machine is set up for."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture(scope="module")
def shared_internet() -> Iterator[Internet]:
    """One server for all tests of a module."""
    with Internet() as internet:
        yield internet


@pytest.fixture
def internet(shared_internet: Internet) -> Internet:
    """A server that answers like petstore.swagger.io and httpbin.org, and has received nothing yet."""
    shared_internet.received.clear()
    return shared_internet
