"""Parses Jinja, and knows where in the source things are: Jinja's own parser tells only the line."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

from jinja2 import TemplateSyntaxError, nodes
from jinja2.lexer import Token, TokenStream
from jinja2.parser import Parser

from dalsegno.interpreter.expressions.errors import ExpressionSyntaxError
from dalsegno.interpreter.expressions.sandbox import SANDBOX

_FILES: Final = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


class _Placed(NamedTuple):
    """A token, and where it is."""

    token: Token
    offset: int


class Source:
    """The source of an expression or a template.

    Args:
        text: what is parsed.
        begin: where that is in the source as it was given.
        bare: whether it is an expression, not a template.
    """

    def __init__(self, text: str, begin: int, *, bare: bool) -> None:
        self._text = text
        self._begin = begin
        self._bare = bare
        self._tokens: list[_Placed] = []

    def parse(self) -> nodes.Template:
        """The tree.

        Raises:
            ExpressionSyntaxError: it is not Jinja, wants a file, or names a filter or test that there is not.
        """
        parser = Parser(SANDBOX, "")
        try:
            parser.stream = TokenStream(self._placed(), None, None)
            tree = self._expression(parser) if self._bare else parser.parse()
        except TemplateSyntaxError as problem:
            message, character, place = (problem.message or "This is not Jinja").partition(" at ")
            if character and place.isdigit():
                raise ExpressionSyntaxError(message, self._begin + int(place)) from None
            raise ExpressionSyntaxError(problem.message or message, self._failed(parser)) from None
        tree.set_environment(SANDBOX)
        for file in tree.find_all(_FILES):
            raise ExpressionSyntaxError(
                "A template cannot load another: there are no files here", self.line(file.lineno)
            )
        self._check_names(tree)
        return tree

    def _expression(self, parser: Parser) -> nodes.Template:
        expression: Any = parser.parse_expression() if not parser.stream.eos else None
        if expression is None or not parser.stream.eos:
            raise TemplateSyntaxError("The expression should end here", parser.stream.current.lineno)
        result = nodes.Assign(nodes.Name("result", "store"), expression, lineno=1)
        return nodes.Template([result], lineno=1)

    def _placed(self) -> Iterator[Token]:
        offset = end = 0

        def pieces() -> Iterator[tuple[int, str, str]]:
            nonlocal offset, end
            for piece in SANDBOX.lexer.tokeniter(self._text, None, None, "variable" if self._bare else None):
                # Space that `{%-` takes off is in no piece.
                found = self._text.find(piece[2], end)
                offset = found if found >= 0 and not self._text[end:found].strip() else end
                end = offset + len(piece[2])
                yield piece

        for token in SANDBOX.lexer.wrap(pieces()):
            self._tokens.append(_Placed(token, self._begin + offset))
            yield token

    def _failed(self, parser: Parser) -> int:
        """Where the parser was when it failed."""
        current: Token = parser.stream.current
        for token, offset in self._tokens:
            if token is current:
                return offset
        if current.type != "eof" and self._tokens:
            # The scanner itself failed, behind the last of its tokens.
            return self._tokens[-1].offset
        return self._begin + len(self._text.rstrip())

    def line(self, number: int) -> int:
        """Where a line begins."""
        before = self._text.split("\n")[: max(0, number - 1)]
        return self._begin + min(sum(len(line) + 1 for line in before), len(self._text))

    def mention(self, name: str) -> int:
        """Where a variable is first."""
        kinds = ["", *[token.type for token, _ in self._tokens], ""]
        for index, (token, offset) in enumerate(self._tokens):
            # Neither a field, nor a filter, nor the name of an argument.
            alone = kinds[index] not in ("dot", "pipe") and kinds[index + 2] != "assign"
            if alone and token.type == "name" and token.value == name:
                return offset
        return self._begin

    def _check_names(self, tree: nodes.Template) -> None:
        for node in tree.find_all((nodes.Filter, nodes.Test)):
            kind, known = ("filter", SANDBOX.filters) if isinstance(node, nodes.Filter) else ("test", SANDBOX.tests)
            name: str = node.name
            if name in known:
                continue
            close = get_close_matches(name, sorted(other for other in known if other.isidentifier()), 1)
            hint = f"did you mean {close[0]}?" if close else None
            raise ExpressionSyntaxError(f"There is no {kind} named {name}", self._named(name, kind), hint)

    def _named(self, name: str, kind: str) -> int:
        wanted = name.split(".")[0]
        before = ""
        for token, offset in self._tokens:
            leads = before in ("pipe", "filter") if kind == "filter" else before in ("is", "not")
            if token.type == "name" and token.value == wanted and leads:
                return offset
            before = token.value if token.type == "name" else token.type
        return self._begin
