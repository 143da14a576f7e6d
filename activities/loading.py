"""Functions of a module or file, as `dalsegno run --functions` names them."""

import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import cast

from dalsegno.activities.activity import declaration
from dalsegno.schema.errors import DalsegnoError


def load_functions(module_or_file: str) -> list[Callable[..., object]]:
    """Every function decorated with `@activity` that a module or a file holds, those it imports included.

    `module_or_file` is a path (it ends in `.py` or holds a separator) or the dotted name of a module. As when Python
    runs a script, the file's folder (for a module: the working directory) goes on `sys.path`. Raises DalsegnoError when
    it is missing, fails to import (naming file and line), or holds no such function.
    """
    is_file = module_or_file.endswith(".py") or "/" in module_or_file or os.sep in module_or_file
    module = _file(Path(module_or_file)) if is_file else _module(module_or_file)
    found: list[Callable[..., object]] = []
    for value in cast("dict[str, object]", vars(module)).values():
        if callable(value) and declaration(value) is not None and not any(value is other for other in found):
            found.append(value)
    if not found:
        raise DalsegnoError(f"{module_or_file} holds no function decorated with @dalsegno.activity")
    return found


def _file(path: Path) -> ModuleType:
    if not path.is_file():
        raise DalsegnoError(f"{path}: there is no such file")
    # The name cannot hide another module, whatever the file is called.
    name = f"functions_of_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise DalsegnoError(f"{path}: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    _search(str(path.resolve().parent))
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise _failure(str(path), error) from error
    return module


def _module(name: str) -> ModuleType:
    _search(str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(error.name + ".")):
            hint = f" (for a file, write {name}.py)" if Path(name + ".py").is_file() else ""
            raise DalsegnoError(f"there is no module named {name}{hint}") from None
        raise _failure(name, error) from error
    except (Exception, SystemExit) as error:
        raise _failure(name, error) from error


def _search(folder: str) -> None:
    if folder not in sys.path:
        sys.path.insert(0, folder)


def _failure(source: str, error: BaseException) -> DalsegnoError:
    place = ""
    if isinstance(error, SyntaxError) and error.filename:
        place, reason = f"{error.filename}:{error.lineno}", f"{type(error).__name__}: {error.msg}"
    else:
        reason = "".join(traceback.format_exception_only(error)).strip()
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "importlib" not in frame.filename]
        # The first frame that is not ours is the author's; the last is where it failed, perhaps inside a library.
        own = [frame for frame in frames if frame.filename != __file__]
        if own:
            place = f"{own[-1].filename}:{own[-1].lineno}"
    return DalsegnoError(f"{source} cannot be imported: {place}: {reason}" if place else f"{source}: {reason}")
