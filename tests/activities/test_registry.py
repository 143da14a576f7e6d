"""The activities of an engine: names, conflicts, functions of installed packages, modules and files."""

import sys
from pathlib import Path

import pytest
from tests.activities.performer import failure, perform

from dalsegno.activities.activity import activity
from dalsegno.activities.registry import ADAPTERS, Activities, load_functions
from dalsegno.schema.errors import DalsegnoError


def charge() -> str:
    return "charged"


# Names


@pytest.mark.parametrize("name", ["log:1.0.0@default", "shop/charge", "https://example.com/charge.yaml"])
def test_a_name_that_means_a_function_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(DalsegnoError, match="of a catalog or at a URI"):
        Activities([activity(name=name)(lambda: None)])


@pytest.mark.parametrize("name", ["http", "grpc", "openapi", "asyncapi", "mcp", "a2a"])
def test_c8_a_function_named_like_a_call_of_the_language_is_refused(name: str) -> None:
    @activity(name=name)
    def function() -> None: ...

    with pytest.raises(DalsegnoError, match=rf"test_registry\.py:\d+: an activity cannot be named {name}"):
        Activities([function])


def test_two_functions_of_one_name_are_refused_and_one_given_twice_is_not() -> None:
    @activity(name="charge")
    def other() -> None: ...

    with pytest.raises(DalsegnoError, match=r"two activities are named charge: .*test_registry\.py:\d+ and "):
        Activities([charge, other])
    assert "charge" in Activities([charge, charge])


def test_what_has_no_name_or_is_no_function_is_refused() -> None:
    with pytest.raises(DalsegnoError, match="has no name that a document could call"):
        Activities([lambda: 1])
    with pytest.raises(DalsegnoError, match="is not a function"):
        Activities(["charge"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    with pytest.raises(DalsegnoError, match="at least 1"):
        Activities(threads=0)


def test_a_function_with_parameters_by_position_only_is_refused() -> None:
    def pay(amount: int, /) -> None: ...

    with pytest.raises(DalsegnoError, match="takes 'amount' by position only"):
        Activities([pay])


def test_an_activity_that_nobody_registered_is_a_configuration_error() -> None:
    assert failure("refund", None, charge)["detail"] == (
        "there is no activity named refund: register a function of that name with the engine"
    )
    error = failure("charg", None, charge)
    assert (error["type"], error["detail"]) == (
        "configuration",
        "there is no activity named charg, did you mean charge?",
    )


def test_every_adapter_has_its_module() -> None:
    for name in ADAPTERS:
        # What runs processes is not allowed to, for one thing.
        assert failure(name)["type"] == ("authorization" if name.startswith("run/") else "configuration")


# Installed packages


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path, with a package `bank` that declares entry points."""
    (tmp_path / "bank.py").write_text(
        "from dalsegno.activities.activity import activity\n"
        "@activity(timeout='PT5S')\n"
        "def pay():\n    return 'paid'\n"
        "def http():\n    return 'never reached'\n"
    )
    entries(tmp_path, "pay = bank:pay\ntransfer = bank:pay\nhttp = bank:http\nbroken = bank:missing\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.delitem(sys.modules, "bank", raising=False)
    return tmp_path


def entries(folder: Path, lines: str, package: str = "bank") -> None:
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[dalsegno.activities]\n" + lines)


def test_functions_of_installed_packages_are_found_by_name_and_loaded_when_called(installed: Path) -> None:
    activities = Activities()
    assert {"pay", "transfer"} <= activities.names
    assert "pay" in activities
    assert "bank" not in sys.modules
    assert perform("transfer") == "paid"


def test_a_function_given_by_hand_goes_before_one_of_a_package(installed: Path) -> None:
    assert perform("pay", None, activity(name="pay")(lambda: "by hand")) == "by hand"


def test_a_package_cannot_take_the_place_of_an_adapter(installed: Path) -> None:
    assert failure("http")["type"] == "configuration"


def test_a_function_of_a_package_that_cannot_be_loaded(installed: Path) -> None:
    error = failure("broken")
    assert error["type"] == "configuration"
    assert str(error["detail"]).startswith("the activity broken (bank:missing) cannot be loaded: ")


def test_two_packages_with_one_name(installed: Path) -> None:
    entries(installed, "pay = other:pay\n", "other")
    assert "bank:pay and other:pay" in str(failure("pay")["detail"]) or "other:pay and bank:pay" in str(
        failure("pay")["detail"]
    )


# Modules and files

SHOP = """
from dalsegno.activities.activity import activity
from prices import price

@activity
def charge():
    return price()

@activity(name="send parcel")
async def send():
    return "sent"

also_charge = charge

def helper():
    return 1
"""
PRICES = """
from dalsegno.activities.activity import activity

@activity
def price():
    return 7
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with shop.py, and sys.path as it is left alone afterwards."""
    (tmp_path / "shop.py").write_text(SHOP)
    (tmp_path / "prices.py").write_text(PRICES)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for module in ("shop", "prices"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    return tmp_path


def test_the_decorated_functions_of_a_file_imported_ones_included(folder: Path) -> None:
    functions = load_functions(str(folder / "shop.py"))
    assert [function.__name__ for function in functions] == ["price", "charge", "send"]
    assert perform("charge", None, *functions) == 7
    assert perform("send parcel", None, *functions) == "sent"


def test_the_decorated_functions_of_a_module(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert len(load_functions("shop")) == 3


def test_a_file_may_be_named_like_a_module_of_python(folder: Path) -> None:
    (folder / "json.py").write_text(PRICES)
    assert len(load_functions(str(folder / "json.py"))) == 1
    assert hasattr(sys.modules["json"], "loads")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def broken(:\n", r"broken\.py:1: SyntaxError: "),
        ("x = 1\nraise ValueError('no bank')\n", r"broken\.py:2: ValueError: no bank"),
        ("import no_such_package\n", r"broken\.py:1: ModuleNotFoundError: No module named 'no_such_package'"),
        ("import sys\n\nsys.exit(3)\n", r"broken\.py:3: SystemExit: 3"),
        ("x = 1\n", r"holds no function decorated with @dalsegno\.activity"),
        ("\x00", "null bytes"),
    ],
)
@pytest.mark.parametrize("as_file", [True, False])
def test_a_file_that_cannot_be_imported_names_file_and_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, source: str, message: str, as_file: bool
) -> None:
    (folder / "broken.py").write_text(source)
    monkeypatch.chdir(folder)
    with pytest.raises(DalsegnoError, match=message):
        load_functions("broken.py" if as_file else "broken")
    sys.modules.pop("broken", None)


def test_what_is_not_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(DalsegnoError, match=r"missing\.py: there is no such file"):
        load_functions("missing.py")
    with pytest.raises(DalsegnoError, match="there is no module named missing"):
        load_functions("missing")
    with pytest.raises(DalsegnoError, match=r"there is no module named prices\.bank"):
        load_functions("prices.bank")
    with pytest.raises(DalsegnoError, match=r"no such file"):
        load_functions("./folder")
