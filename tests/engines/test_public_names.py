"""The names of `dalsegno`: there when they are wanted, and not before."""

import subprocess
import sys

import pytest

import dalsegno


@pytest.mark.parametrize("name", dalsegno.__all__)
def test_each_public_name_is_there(name: str) -> None:
    assert getattr(dalsegno, name) is not None
    assert name in dir(dalsegno)


def test_an_unknown_name_is_an_attribute_error() -> None:
    name = "nothing"
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        getattr(dalsegno, name)


@pytest.mark.parametrize("name", ["load", "ActivityError", "DalsegnoError", "InvalidDocument", "evaluate"])
def test_a_name_brings_no_engine_with_it(name: str) -> None:
    program = f"import sys, dalsegno; dalsegno.{name}; print('sqlite3' in sys.modules, 'httpx' in sys.modules)"
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output == "False False\n"
