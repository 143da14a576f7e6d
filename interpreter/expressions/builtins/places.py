"""Built-in functions of paths: `path`, `del`, `getpath`, `setpath`, `delpaths`."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from collections.abc import Iterable
from typing import Any

from dalsegno.interpreter.expressions import tree
from dalsegno.interpreter.expressions.access import delete_paths, get_path, put_path
from dalsegno.interpreter.expressions.builtins.registry import form, path_form, plain
from dalsegno.interpreter.expressions.code import Code, Compiler, Scope, many, one, outputs
from dalsegno.interpreter.expressions.frames import Frame, Path, PathRun, Place, State
from dalsegno.interpreter.expressions.paths import deeper, found


@form("path", 1)
def path(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    compiler.plain = False
    places, height = compiler.path_code(node.arguments[0], scope)
    return many(lambda v, e: (_listed(e[0], p) for p, _ in found(places((), v, e))), height, through=3)


def _listed(state: State, path: Path) -> list[Any]:
    state.step(3)
    state.grow((len(path) >> 2) + 2)
    return list(path)


@form("del", 1)
def delete(compiler: Compiler, node: tree.Call, scope: Scope) -> Code:
    compiler.plain = False
    places, height = compiler.path_code(node.arguments[0], scope)

    def run(v: Any, e: Frame) -> Any:
        return delete_paths(e[0], v, [_listed(e[0], p) for p, _ in found(places((), v, e))])

    return one(run, height, through=4)


@plain("getpath", 1)
def getpath(state: State, value: Any, where: Any) -> Any:
    return get_path(state, value, where)


@path_form("getpath", 1)
def getpath_path(compiler: Compiler, node: tree.Call, scope: Scope) -> PathRun:
    wheres = outputs(compiler.code(node.arguments[0], scope))

    def run(p: Path | None, v: Any, e: Frame) -> Iterable[Place]:
        for where in wheres(v, e):
            item = get_path(e[0], v, where)
            yield (None if p is None else deeper(e[0], p, *where)), item

    return run


@plain("setpath", 2)
def setpath(state: State, value: Any, where: Any, new: Any) -> Any:
    return put_path(state, value, where, new)


@plain("delpaths", 1)
def delpaths(state: State, value: Any, where: Any) -> Any:
    return delete_paths(state, value, where)
