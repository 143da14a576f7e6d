"""Compiles what steers: pipes, commas, conditions, `try`, `label`, `reduce`, `foreach`."""

# The border of types (frames.py): `type(v) is dict` makes dict[Unknown, Unknown] of Any.
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false, reportUnknownVariableType=false

from collections.abc import Callable, Iterable
from typing import Any, Final

from dalsegno.interpreter.expressions import tree
from dalsegno.interpreter.expressions.accumulate import Step, quick_step
from dalsegno.interpreter.expressions.bindings import Binder, binder
from dalsegno.interpreter.expressions.budget import CAUGHT
from dalsegno.interpreter.expressions.code import Code, Compiler, Form, Kind, Scope, many, maybe, one, outputs
from dalsegno.interpreter.expressions.errors import BudgetExceeded, ExpressionError, ExpressionSyntaxError
from dalsegno.interpreter.expressions.frames import NOTHING, Broken, Frame, Label, Run
from dalsegno.interpreter.expressions.pipes import piped
from dalsegno.interpreter.expressions.sealing import true

Compile = Callable[[tree.Node, Scope], Code]


def pipe(compiler: Compiler, node: tree.Pipe, scope: Scope) -> Code:
    return _pipe(compiler, node, scope, compiler.code)


def _pipe(compiler: Compiler, node: tree.Pipe, scope: Scope, compile_last: Compile) -> Code:
    parts = [compiler.code(part, scope) for part in node.parts[:-1]]
    # After a stage with many outputs the last stage is run again and again: none of its calls is the last.
    repeated = any(part.kind is Kind.MANY for part in parts)
    result = (compiler.code if repeated else compile_last)(node.parts[-1], scope)
    while parts:
        # Stages with one output each are done in one loop: a long pipe does not nest.
        run: list[Code] = []
        while parts and parts[-1].kind is Kind.ONE:
            run.append(parts.pop())
        if run:
            result = piped(_series(list(reversed(run))), result)
        else:
            result = piped(parts.pop(), result)
    return result


def _series(stages: list[Code]) -> Code:
    if len(stages) == 1:
        return stages[0]
    if len(stages) == 2:
        return piped(*stages)
    runs = [stage.run for stage in stages]

    def run(v: Any, e: Frame) -> Any:
        for stage in runs:
            v = stage(v, e)
        return v

    return one(run, *stages)


def comma(compiler: Compiler, node: tree.Comma, scope: Scope) -> Code:
    return _comma([compiler.code(part, scope) for part in node.parts])


def _tail_comma(compiler: Compiler, node: tree.Comma, scope: Scope) -> Code:
    parts = [compiler.code(part, scope) for part in node.parts[:-1]]
    return _comma([*parts, compiler.tail(node.parts[-1], scope)])


def _comma(parts: list[Code]) -> Code:
    runs = [outputs(part) for part in parts]
    count = len(runs)

    def each(v: Any, e: Frame) -> Iterable[Any]:
        state = e[0]
        state.steps -= count
        if state.steps < 0:
            state.step(0)
        for run in runs:
            yield from run(v, e)

    return many(each, *parts)


def conditional(compiler: Compiler, node: tree.Conditional, scope: Scope) -> Code:
    return _conditional(compiler, node, scope, compiler.code)


def _conditional(compiler: Compiler, node: tree.Conditional, scope: Scope, branch: Compile) -> Code:
    condition = compiler.code(node.condition, scope)
    if condition.kind is not Kind.ONE:
        branch = compiler.code
    return chosen(condition, branch(node.then, scope), branch(node.otherwise, scope))


def chosen(condition: Code, then: Code, otherwise: Code) -> Code:
    """`if condition then then else otherwise end`"""
    test = condition.run
    kind = max(then.kind, otherwise.kind)
    if condition.kind is Kind.ONE:
        yes, no = (outputs(then), outputs(otherwise)) if kind is Kind.MANY else (then.run, otherwise.run)

        def run(v: Any, e: Frame) -> Any:
            x = test(v, e)
            return yes(v, e) if x is True or (x is not False and true(x)) else no(v, e)

        build = {Kind.ONE: one, Kind.MAYBE: maybe, Kind.MANY: many}[kind]
        return build(run, condition, then, otherwise)
    tests, thens, otherwises = outputs(condition), outputs(then), outputs(otherwise)

    def each(v: Any, e: Frame) -> Iterable[Any]:
        for x in tests(v, e):
            yield from thens(v, e) if true(x) else otherwises(v, e)

    return many(each, condition, then, otherwise)


def try_(compiler: Compiler, node: tree.Try, scope: Scope) -> Code:
    body = compiler.code(node.body, scope)
    handler = None if node.handler is None else compiler.code(node.handler, scope)
    return attempted(body, handler)


def attempted(body: Code, handler: Code | None) -> Code:
    """`try body catch handler`. Only errors of the body itself are caught, not those of what follows it."""
    run = body.run
    catch: Run = (lambda v, e: NOTHING) if handler is None else handler.run
    if body.kind is not Kind.MANY and (handler is None or handler.kind is not Kind.MANY):

        def once(v: Any, e: Frame) -> Any:
            depth = e[0].depth
            try:
                return run(v, e)
            except ExpressionError as error:
                return catch(recovered(error, e, depth), e)

        return maybe(once, body, *([handler] if handler else []))
    bodies = outputs(body)
    catches = outputs(handler) if handler else lambda v, e: ()

    def each(v: Any, e: Frame) -> Iterable[Any]:
        depth = e[0].depth
        try:
            yield from bodies(v, e)
            return
        except ExpressionError as error:
            value = recovered(error, e, depth)
        yield from catches(value, e)

    return many(each, body, *([handler] if handler else []))


def recovered(error: ExpressionError, e: Frame, depth: int) -> Any:
    """What `catch` sees, after the depth was set back. An exceeded budget cannot be caught."""
    if isinstance(error, BudgetExceeded):
        raise error
    e[0].work(CAUGHT, 1)
    if e[0].depth != depth:
        e[0].depth = depth
    return error.value


def label(compiler: Compiler, node: tree.Label, scope: Scope) -> Code:
    body = outputs(code := compiler.code(node.body, scope.label(node.name)))

    def each(v: Any, e: Frame) -> Iterable[Any]:
        own, depth = Label(), e[0].depth
        try:
            yield from body(v, (*e, own))
        except Broken as broken:
            if broken.label is not own:
                raise
            e[0].depth = depth

    compiler.plain = False
    return many(each, code)


def break_(compiler: Compiler, node: tree.Break, scope: Scope) -> Code:
    slot = label_slot(node, scope)

    def run(v: Any, e: Frame) -> Any:
        raise Broken(e[slot])

    return Code(Kind.MAYBE, run)


def label_slot(node: tree.Break, scope: Scope) -> int:
    """The slot of the label that a `break` names."""
    if node.name not in scope.labels:
        raise ExpressionSyntaxError(f"There is no label ${node.name} around this break", node.offset)
    return scope.labels[node.name]


def reduce(compiler: Compiler, node: tree.Reduce, scope: Scope) -> Code:
    compiler.plain = False
    source, init = compiler.code(node.source, scope), compiler.code(node.init, scope)
    bound = binder(compiler, node.patterns, scope)
    quick = None if bound.frame is None else quick_step(compiler, node.update, bound.scope)
    if quick is not None and init.kind is Kind.ONE:
        return _accumulate(source, init, *quick)
    update = compiler.code(node.update, bound.scope)
    if len(node.patterns) > 1:
        return _reduce_alternatives(source, init, bound, update)
    items, step = outputs(source), update.run
    bind, parts = bound.bind, (source, init, update, bound.code)

    def fold(start: Any, v: Any, e: Frame) -> Any:
        state = start
        for item in items(v, e):
            for frame in bind(item, v, e):
                state = _last(update.kind, step(state, frame))
        return state

    def fold_simple(start: Any, v: Any, e: Frame) -> Any:
        state = start
        for item in items(v, e):
            state = step(state, (*e, item))
        return state

    simple = bound.frame is not None and update.kind is Kind.ONE
    folded = fold_simple if simple else fold
    if init.kind is Kind.ONE:
        first = init.run
        return one(lambda v, e: folded(first(v, e), v, e), *parts, through=4)
    starts = outputs(init)
    return many(lambda v, e: (folded(start, v, e) for start in starts(v, e)), *parts, through=4)


def _accumulate(source: Code, init: Code, step: Step, parts: list[Code]) -> Code:
    items, first = outputs(source), init.run

    def fold(v: Any, e: Frame) -> Any:
        state, own = first(v, e), False
        for item in items(v, e):
            state, own = step(state, own, (*e, item))
        return state

    return one(fold, source, init, *parts, through=2)


def _last(kind: Kind, result: Any) -> Any:
    """The state after one update: its last output; none leaves null."""
    if kind is Kind.ONE:
        return result
    if kind is Kind.MAYBE:
        return None if result is NOTHING else result
    last = None
    for output in result:
        last = output
    return last


def _reduce_alternatives(source: Code, init: Code, bound: Binder, update: Code) -> Code:
    items, starts, updates = outputs(source), outputs(init), outputs(update)

    def each(v: Any, e: Frame) -> Iterable[Any]:
        for start in starts(v, e):
            state = [start]

            def body(_: Any, frame: Frame, state: list[Any] = state) -> Iterable[Any]:
                current, state[0] = state[0], None
                for result in updates(current, frame):
                    state[0] = result
                    yield result

            for item in items(v, e):
                for _ in bound.alternatives(item, v, e, body):
                    pass
            yield state[0]

    return many(each, source, init, update, bound.code, through=5)


def foreach(compiler: Compiler, node: tree.Foreach, scope: Scope) -> Code:
    compiler.plain = False
    source, init = compiler.code(node.source, scope), compiler.code(node.init, scope)
    bound = binder(compiler, node.patterns, scope)
    update = compiler.code(node.update, bound.scope)
    extract = Code(Kind.ONE, lambda v, e: v) if node.extract is None else compiler.code(node.extract, bound.scope)
    items, starts, updates, extracts = outputs(source), outputs(init), outputs(update), outputs(extract)

    def each(v: Any, e: Frame) -> Iterable[Any]:
        for start in starts(v, e):
            state = [start]

            def body(_: Any, frame: Frame, state: list[Any] = state) -> Iterable[Any]:
                current, state[0] = state[0], None
                for result in updates(current, frame):
                    state[0] = result
                    yield from extracts(result, frame)

            for item in items(v, e):
                yield from bound.alternatives(item, v, e, body)

    return many(each, source, init, update, extract, bound.code, through=5)


def bind(compiler: Compiler, node: tree.Bind, scope: Scope) -> Code:
    return _bind(compiler, node, scope, compiler.code)


def _bind(compiler: Compiler, node: tree.Bind, scope: Scope, compile_body: Compile) -> Code:
    source = compiler.code(node.source, scope)
    bound = binder(compiler, node.patterns, scope)
    single = len(node.patterns) == 1
    simple = single and isinstance(node.patterns[0], tree.VariablePattern)
    if simple and source.kind is Kind.ONE:
        body = compile_body(node.body, bound.scope)
        first, run = source.run, body.run
        height = 1 + max(source.height, body.height)
        return Code(body.kind, lambda v, e: run(v, (*e, first(v, e))), height)
    body = compiler.code(node.body, bound.scope)
    items, bodies = outputs(source), outputs(body)
    compiler.plain = False
    if single and source.kind is Kind.ONE and bound.frame is not None:
        frame, first, run = bound.frame, source.run, body.run
        kind = body.kind
        result = Code(kind, lambda v, e: run(v, frame(first(v, e), v, e)), 1)
        return Code(kind, result.run, 2 + max(source.height, body.height, bound.code.height))

    def each(v: Any, e: Frame) -> Iterable[Any]:
        for item in items(v, e):
            yield from bound.alternatives(item, v, e, bodies)

    return many(each, source, body, bound.code, through=4)


def everything(compiler: Compiler, node: tree.Everything, scope: Scope) -> Code:
    compiler.plain = False
    return Code(Kind.MANY, _everything, 2)


def _everything(v: Any, e: Frame) -> Iterable[Any]:
    state = e[0]
    pending = [iter((v,))]
    while pending:
        for item in pending[-1]:
            state.steps -= 1
            if state.steps < 0:
                state.step(0)
            yield item
            if type(item) is list:
                pending.append(iter(item))
                break
            if type(item) is dict:
                pending.append(iter(item.values()))
                break
        else:
            pending.pop()


FORMS: Final[dict[type, Form]] = {
    tree.Pipe: pipe,
    tree.Comma: comma,
    tree.Conditional: conditional,
    tree.Try: try_,
    tree.Label: label,
    tree.Break: break_,
    tree.Reduce: reduce,
    tree.Foreach: foreach,
    tree.Bind: bind,
    tree.Everything: everything,
}

#: The nodes that may end with a call of a function, which then needs no stack of its own.
TAILS: Final[dict[type, Form]] = {
    tree.Pipe: lambda compiler, node, scope: _pipe(compiler, node, scope, compiler.tail),
    tree.Comma: _tail_comma,
    tree.Conditional: lambda compiler, node, scope: _conditional(compiler, node, scope, compiler.tail),
    tree.Bind: lambda compiler, node, scope: _bind(compiler, node, scope, compiler.tail),
}
