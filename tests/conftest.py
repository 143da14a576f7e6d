"""What every folder of tests shares: the conformance data, the event loop and how hypothesis searches."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import conformance_data
from soak import count

# No deadline and no complaint about slowness: a test that measures time fails on a busy machine.
settings.register_profile(
    "local", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=count(100, 2_000)
)
# The same examples each time: a change is only blamed for what it did.
settings.register_profile("ci", settings.get_profile("local"), derandomize=True, database=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "local")


@pytest.fixture(scope="session")
def conformance() -> Path:
    """The folder of the language authors' data; skips the test where it is absent, fails it where CI=true."""
    reason = conformance_data.absence()
    if reason is not None:
        pytest.skip(reason)
    return conformance_data.folder()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Tests marked `anyio` run on asyncio, the loop of the engines."""
    return "asyncio"
