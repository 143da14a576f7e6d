"""Expressions: each is handed to the checker, and what only looks like one is pointed out (D2, D3, D7, D11, C1)."""

import re
from collections.abc import Iterator

from dalsegno.schema.checks.document import Document
from dalsegno.schema.expressions import first_end, interpolated, looks_bare, unwrap
from dalsegno.schema.findings import quote
from dalsegno.schema.places import Place
from dalsegno.schema.problems import Severity
from dalsegno.schema.rules import Rule
from dalsegno.schema.structure import Mark
from dalsegno.schema.suggestions import did_you_mean


def check_expressions(mark: Mark, document: Document) -> None:
    """Every expression at a place that may hold some."""
    rule, place = mark.rule, mark.place
    if rule.expression == "text":
        return
    if rule.expression == "uri":
        _check_uri(mark, document)
    elif rule.expression == "bare" and isinstance(place.value, str):
        _check_bare(mark, document, place.value)
    else:
        if rule.expression == "bare" and rule.properties:
            return  # An object there is no data: what is in it says for itself what it is.
        for string in _strings(rule, place):
            _check_data(mark, document, string)


def _check_bare(mark: Mark, document: Document, text: str) -> None:
    whole = unwrap(text)
    if whole is not None:
        _check_source(mark, document, mark.place, whole)
    elif not mark.rule.constant or text.lstrip()[:1] in (".", "$"):
        _check_source(mark, document, mark.place, (text, 0))


def _check_uri(mark: Mark, document: Document) -> None:
    text = mark.place.value
    if not isinstance(text, str):
        return
    whole = unwrap(text)
    if whole is not None:
        _check_source(mark, document, mark.place, whole)
    elif "${" in text:
        position = document.source.locate(mark.place.node, text.index("${"))
        fixed = interpolated(text)
        hint = f"write {fixed}, or fill in a property of the input as {{name}}" if fixed else "write {name} without `$`"
        message = "`${` inside a URI is not evaluated"
        document.findings.at("expression-in-uri", mark.place, position, message, hint=hint)


def _strings(rule: Rule, place: Place) -> Iterator[Place]:
    """The strings in a piece of data, at any depth, except where a property says for itself what it is."""
    todo = [place]
    first = True
    while todo:
        current = todo.pop()
        value = current.value
        if isinstance(value, str):
            if value:
                yield current
        elif isinstance(value, dict):
            children = (child for key, child in current.entries() if not (first and rule.evaluated_elsewhere(key)))
            todo.extend(children)
        elif isinstance(value, list):
            todo.extend(current.elements())
        first = False


def _check_data(mark: Mark, document: Document, place: Place) -> None:
    text = place.value
    if not isinstance(text, str) or place.node.broken:
        return
    whole = unwrap(text)
    if whole is not None:
        _check_source(mark, document, place, whole, may_be_literal=document.loose)
    elif mark.rule.program or mark.rule.reference:
        return
    elif text.lstrip().startswith("${") and "}" not in text:
        message = "the expression has no `}` at its end, so this is taken as it stands"
        hint = "close it; where ` #` stands in it, put it in quotes, since YAML takes that for a comment"
        document.findings.at_value("embedded-expression", place, message, hint=hint)
    elif "${" in text:
        fixed = interpolated(text) if document.language == "jq" else None
        hint = f"write {fixed}" if fixed else "put all of the text into one expression that begins with `${`"
        position = document.source.locate(place.node, text.index("${"))
        message = "`${ … }` is evaluated only when it is the whole text; this is taken as it stands"
        document.findings.at("embedded-expression", place, position, message, hint=hint)
    elif not document.loose and document.language == "jq" and looks_bare(text):
        message = f"{quote(text)} looks like an expression, and is taken as it stands"
        hint = f"write ${{ {text.strip()} }}" if len(text) <= 60 else "put it in ${ }"
        document.findings.at_value("bare-expression", place, message, hint=hint)


_SECRET = re.compile(r"\$secrets?\b")
# A secret that is named: jq's `$secrets.token` and `$secrets["token"]`, Jinja's the same without `$`.
_NAMED_SECRETS = {
    "jq": re.compile(r"""\$secrets?(?:\.|\.?\[")(?P<name>[A-Za-z_]\w*)"""),
    "jinja": re.compile(r"""(?<![\w.])secrets?(?:\.|\[["'])(?P<name>[A-Za-z_]\w*)"""),
}


def _check_source(
    mark: Mark, document: Document, place: Place, whole: tuple[str, int], *, may_be_literal: bool = False
) -> None:
    source, begin = whole
    end = first_end(source) if begin else None
    if end is not None:
        position = document.source.locate(place.node, begin + end)
        message = "the expression ends here, and more text follows it"
        hint = "write it as one expression: ${ .a and .b }, not ${ .a } and ${ .b }"
        document.findings.at("several-expressions", place, position, message, hint=hint)
        return
    secret = _SECRET.search(source) if mark.published else None
    if secret is not None:
        position = document.source.locate(place.node, begin + secret.start())
        message = "the secret leaves the expression here: outputs, the context and events are kept or sent"
        hint = "use it where a request or process needs it, or an authentication under `use.authentications`"
        document.findings.at("exposed-secret", place, position, message, hint=hint)
    _check_secrets(document, place, source, begin)
    if document.expressions is not None:
        for finding in document.expressions(source, mark.field, document.language, mark.variables):
            # In loose mode what does not compile is a literal (D3).
            severity = Severity.WARNING if may_be_literal else finding.severity
            position = document.source.locate(place.node, begin + finding.offset)
            findings = document.findings
            findings.at(finding.code, place, position, finding.message, hint=finding.hint, severity=severity)


def _check_secrets(document: Document, place: Place, source: str, begin: int) -> None:
    """Secrets that an expression names must be declared (E9)."""
    known = document.used("secrets")
    pattern = _NAMED_SECRETS.get(document.language)
    for match in pattern.finditer(source) if pattern else ():
        name = match["name"]
        if name not in known:
            position = document.source.locate(place.node, begin + match.start("name"))
            message = f"`use.secrets` has no {quote(name)}{did_you_mean(name, known)}"
            hint = "it has " + ", ".join(list(known)[:8]) if known else "list it under `use.secrets`"
            document.findings.at("undefined-reference", place, position, message, hint=hint)
