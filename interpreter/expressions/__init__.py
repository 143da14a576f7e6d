"""Expressions: compiled once, evaluated purely, within a budget.

    compile_expression(".items | length").value({"items": [1, 2]}, {})

The pipeline of jq: tokens → parse (tables made from grammar.lark) → tree → compile → closures. `port` is the door.
"""

from dalsegno.interpreter.expressions.budget import Budget, Environment
from dalsegno.interpreter.expressions.errors import BudgetExceeded, ExpressionError, ExpressionSyntaxError
from dalsegno.interpreter.expressions.port import LANGUAGES, Expression, compile_expression, evaluate
from dalsegno.schema.values import JsonValue

__all__ = [
    "LANGUAGES",
    "Budget",
    "BudgetExceeded",
    "Environment",
    "Expression",
    "ExpressionError",
    "ExpressionSyntaxError",
    "JsonValue",
    "compile_expression",
    "evaluate",
]
