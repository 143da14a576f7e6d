"""How HTTP calls are made, for every call of an engine."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from dalsegno.schema.errors import DalsegnoError


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """How HTTP calls are made.

    `hosts` sends calls of a host to another origin, documents unchanged: `{"api.example.com": "http://127.0.0.1:8080"}`
    (a test server, a staging system, a gateway). A key is a host or `host:port`; the value is scheme, host and port.
    The request keeps its path, its query and the `Host` header of the original; outputs and errors name the original.

    `connect_timeout` and `read_timeout` are seconds: to a connection, and between two pieces of an answer. A task's own
    `timeout` limits the whole. `largest_response` is in bytes, after decompression; more is a communication error.

    Proxies and certificates come from the environment (`HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`).
    """

    hosts: Mapping[str, str] = field(default_factory=dict[str, str])
    connect_timeout: float = 10.0
    read_timeout: float = 300.0
    largest_response: int = 10 * 1024 * 1024

    def __post_init__(self) -> None:
        """Raises DalsegnoError for a host that is mapped to something else than an origin."""
        for host, origin in self.hosts.items():
            if not _is_origin(origin):
                raise DalsegnoError(f"hosts[{host!r}] must be an origin such as http://127.0.0.1:8080, not {origin!r}")


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and not (parts.path.strip("/") or parts.query)


@dataclass(frozen=True, slots=True)
class ProcessOptions:
    """How processes (`run: shell`, `script`, `container`) are run.

    `largest_output` is how many bytes of stdout or stderr a document may ask for; more is a runtime error, and the
    process is stopped. `grace` is how many seconds a process that is to end has between TERM and KILL.
    """

    largest_output: int = 10 * 1024 * 1024
    grace: float = 5.0
