"""Compiles assignments: `=`, `|=`, `+=` and its like, `//=`. The input is not changed: what is on the paths is copied.

One assignment copies each array and object at most once: those it has made itself, nobody else knows yet.
"""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Iterable
from typing import Any, Final

from dalsegno.interpreter.expressions import tree
from dalsegno.interpreter.expressions.access import delete_paths, get, get_path, put, put_path
from dalsegno.interpreter.expressions.code import Code, Compiler, Form, Kind, Scope, many, one, outputs
from dalsegno.interpreter.expressions.frames import NOTHING, Frame, Path, PathRun, State
from dalsegno.interpreter.expressions.operators import operation
from dalsegno.interpreter.expressions.paths import found
from dalsegno.interpreter.expressions.sealing import true
from dalsegno.interpreter.expressions.updates import structural

#: The steps that each key of a path costs which is changed.
PASSED: Final = 4


class Change:
    """A value while it is being changed at many paths."""

    __slots__ = ("_owned", "_state", "value")

    def __init__(self, state: State, value: Any) -> None:
        self._state = state
        # The containers made by this change, by identity; holding them keeps the identities from being reused.
        self._owned: dict[int, Any] = {}
        self.value = value

    def get(self, path: Path) -> Any:
        """The value at a path; from now on it may be referred to from elsewhere, and so is nobody's own."""
        value = get_path(self._state, self.value, path)
        if id(value) in self._owned:
            self._owned.clear()
        return value

    def put(self, path: Path, new: Any) -> None:
        """Sets the value at a path."""
        self._state.step()
        self._state.work(PASSED * len(path), 1)
        if not path:
            self.value = new
            return
        value: Any = self.value
        trail: list[tuple[Any, Any]] = []
        for key in path[:-1]:
            if not _direct(value, key):
                self.value = put_path(self._state, self.value, path, new)
                self._owned.clear()
                return
            trail.append((value, key))
            value = get(self._state, value, key)
        if not _direct(value, path[-1]):
            self.value = put_path(self._state, self.value, path, new)
            self._owned.clear()
            return
        trail.append((value, path[-1]))
        for container, key in reversed(trail):
            if id(container) in self._owned:
                container[key] = new
                return
            new = put(self._state, container, key, new)
            self._owned[id(new)] = new
        self.value = new


def _direct(container: Any, key: Any) -> bool:
    """Whether setting this key needs no growing, no slicing and gives no error."""
    if type(container) is dict:
        return type(key) is str
    return type(container) is list and type(key) is int and 0 <= key < len(container)


def assign(compiler: Compiler, node: tree.Assign, scope: Scope) -> Code:
    compiler.plain = False
    if node.operator == "|=":
        quick = structural(compiler, node, scope)
        return _update(compiler, node, scope) if quick is None else quick
    places, height = compiler.path_code(node.target, scope)
    source = compiler.code(node.source, scope)
    change = {"=": _set, "//=": _default}.get(node.operator)
    if change is not None:
        run = change(places)
    else:
        quick_run = None if node.operator == "//=" else structural(compiler, node, scope)
        if quick_run is not None:
            return quick_run
        run = _operate(places, node.operator[:-1])
    if source.kind is Kind.ONE:
        given = source.run
        return one(lambda v, e: run(v, given(v, e), e), height, source, through=4)
    items = outputs(source)
    return many(lambda v, e: (run(v, item, e) for item in items(v, e)), height, source, through=5)


def _set(places: PathRun) -> Any:
    def run(v: Any, new: Any, e: Frame) -> Any:
        change = Change(e[0], v)
        for path, _ in found(places((), v, e)):
            change.put(path, new)
        return change.value

    return run


def _default(places: PathRun) -> Any:
    def run(v: Any, new: Any, e: Frame) -> Any:
        change = Change(e[0], v)
        for path, _ in found(places((), v, e)):
            current = change.get(path)
            change.put(path, current if true(current) else new)
        return change.value

    return run


def _operate(places: PathRun, operator: str) -> Any:
    apply = operation(operator)

    def run(v: Any, operand: Any, e: Frame) -> Any:
        change = Change(e[0], v)
        for path, _ in found(places((), v, e)):
            change.put(path, apply(e[0], change.get(path), operand))
        return change.value

    return run


def _update(compiler: Compiler, node: tree.Assign, scope: Scope) -> Code:
    places, height = compiler.path_code(node.target, scope)
    return update(places, height, compiler.code(node.source, scope))


def update(places: PathRun, height: Code, source: Code) -> Code:
    """`places |= source`: the first output of `source` counts; where it has none the place is deleted, at the end."""
    run = source.run

    def first(value: Any, e: Frame) -> Any:
        if source.kind is not Kind.MANY:
            return run(value, e)
        items: Iterable[Any] = run(value, e)
        depth = e[0].depth
        for item in items:
            e[0].depth = depth
            return item
        return NOTHING

    def each(v: Any, e: Frame) -> Any:
        change, deleted = Change(e[0], v), list[Any]()
        for path, _ in found(places((), v, e)):
            new = first(change.get(path), e)
            if new is NOTHING:
                e[0].grow((len(path) >> 2) + 2)
                deleted.append(list(path))
            else:
                change.put(path, new)
        return delete_paths(e[0], change.value, deleted) if deleted else change.value

    return one(each, height, source, through=3)


FORMS: Final[dict[type, Form]] = {tree.Assign: assign}
