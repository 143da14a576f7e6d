"""Where secrets come from: mappings, files, mounted folders; and what is never said about them."""

from pathlib import Path

import pytest

from dalsegno.activities.secrets import Secrets
from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.values import JsonValue


def test_a_mapping() -> None:
    secrets = Secrets({"token": "t0ken", "db": {"user": "ada", "port": 5432}})
    assert (secrets.get("token"), secrets.get("db")) == ("t0ken", {"user": "ada", "port": 5432})
    with pytest.raises(KeyError):
        secrets.get("other")
    assert "t0ken" not in repr(secrets)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("s.yaml", "a: 0123\nb: {c: 1e3, d: [yes, 'x']}\n", {"a": "0123", "b": {"c": "1e3", "d": ["yes", "x"]}}),
        ("flow.yaml", "{a: one}", {"a": "one"}),
        ("empty.json", "{}", {}),
        ("s.json", '{"a": 1}', {"a": 1}),
        ("empty.yaml", "", {}),
        (
            ".env",
            "# who\nA=one\nexport B='two words'\n\nC = \"x=y\"\nD=\n",
            {"A": "one", "B": "two words", "C": "x=y", "D": ""},
        ),
    ],
)
def test_a_file(tmp_path: Path, name: str, text: str, expected: dict[str, JsonValue]) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    secrets = Secrets.read(tmp_path / name)
    assert {key: secrets.get(key) for key in expected} == expected


@pytest.mark.parametrize(
    ("name", "text"), [("s.yaml", "a: [s3cret"), ("s.yaml", "- s3cret"), ("s.json", '{"s3cret'), ("x.env", "s3cret")]
)
def test_a_file_that_is_none_is_not_quoted(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DalsegnoError) as refused:
        Secrets.read(tmp_path / name)
    assert name in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_a_mounted_folder_is_read_whenever_a_secret_is_needed(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one\n", encoding="utf-8")
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "username").write_text("ada", encoding="utf-8")
    (tmp_path / "db" / "password").write_text("line\nline\n", encoding="utf-8")
    (tmp_path / "db" / "..data").mkdir()  # What Kubernetes puts there.
    secrets = Secrets(folder=tmp_path)
    assert secrets.get("token") == "one"
    assert secrets.get("db") == {"username": "ada", "password": "line\nline"}
    (tmp_path / "token").write_text("two", encoding="utf-8")
    assert secrets.get("token") == "two"


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "..", ".", "a/b", "", ".hidden", "missing", "binary"])
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside").write_text("x", encoding="utf-8")
    folder = tmp_path / "folder"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "b").write_text("x", encoding="utf-8")
    (folder / ".hidden").write_text("x", encoding="utf-8")
    (folder / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(KeyError):
        Secrets(folder=folder).get(name)


def test_what_comes_first_wins(tmp_path: Path) -> None:
    (tmp_path / "c").write_text("of the folder", encoding="utf-8")
    (tmp_path / "a").write_text("of the folder", encoding="utf-8")
    together = Secrets({"a": "1"}).and_then(Secrets({"a": "2", "b": "2"})).and_then(Secrets(folder=tmp_path))
    assert [together.get(name) for name in "abc"] == ["1", "2", "of the folder"]


def test_what_is_no_data_is_refused_without_its_value(tmp_path: Path) -> None:
    with pytest.raises(DalsegnoError) as refused:
        Secrets({"token": {"s3cret"}.__iter__()})  # type: ignore[dict-item]
    assert "token" in str(refused.value)
    assert "s3cret" not in str(refused.value)
    with pytest.raises(DalsegnoError, match="is not a folder"):
        Secrets(folder=tmp_path / "none")
