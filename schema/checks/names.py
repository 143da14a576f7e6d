"""Names: of what is under `use`, of functions, and of variables (F15, C8, C18, W4)."""

import re

from dalsegno.schema import scopes
from dalsegno.schema.calls import DEFAULT_CATALOG, cataloged, is_uri
from dalsegno.schema.checks.document import Document
from dalsegno.schema.checks.flow import check_alone
from dalsegno.schema.durations import milliseconds
from dalsegno.schema.expressions import unwrap
from dalsegno.schema.findings import quote
from dalsegno.schema.problems import Severity
from dalsegno.schema.structure import Mark
from dalsegno.schema.suggestions import closest, did_you_mean

BUILT_IN = ("http", "grpc", "openapi", "asyncapi", "a2a", "mcp")
ARGUMENTS = frozenset(
    ("context", "input", "output", "secrets", "secret", "task", "workflow", "runtime", "authorization")
)
# Names that jq itself binds.
_JQ_VARIABLES = frozenset(("ENV", "__loc__", "__prog_args"))
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_reference(mark: Mark, document: Document) -> None:
    """A string that names something under `use`."""
    name, component = mark.place.value, mark.rule.reference
    if not isinstance(name, str):
        return
    if component == "errors" and unwrap(name) is not None:
        return  # an expression that gives an error (E12)
    document.mention(component, name)
    known = document.used(component)
    if name in known or _misspelt(component, document):
        return
    if component == "timeouts" and _is_duration(name):
        hint = f"a text is the name of a timeout; write `timeout: {{after: {name.strip()}}}`"
    elif known:
        hint = "it has " + ", ".join(list(known)[:8])
    else:
        hint = f"define it under `use.{component}`"
    message = f"`use.{component}` has no {quote(name)}{did_you_mean(name, known)}"
    document.findings.at_value("undefined-reference", mark.place, message, hint=hint)


def _misspelt(component: str, document: Document) -> bool:
    """Whether the component is there under a misspelt key: a problem of its own, and an error since it is used."""
    if component not in document.misspelt:
        document.misspelt[component] = _find_slips(component, document)
    return document.misspelt[component]


def _find_slips(component: str, document: Document) -> bool:
    use = document.root.get("use")
    if use is not None and use.get(component) is not None:
        return False
    holder, wanted = (document.root, "use") if use is None else (use, component)
    slips = {child.reference for key, child in holder.entries() if closest(key, [wanted])}
    found = [index for index, one in enumerate(document.findings.problems) if one.reference in slips]
    for index in found:
        document.findings.make_error(index)
    return bool(found)


def _is_duration(text: str) -> bool:
    try:
        milliseconds(text)
    except ValueError:
        return unwrap(text) is not None
    return True


def check_call(mark: Mark, document: Document) -> None:
    """The name in `call`: a built-in, a function of the document, a registered one, one of a catalog, or a URI."""
    name = mark.place.value
    if not isinstance(name, str) or name in BUILT_IN:
        return
    document.mention("functions", name)
    if name in document.used("functions"):
        return
    if document.functions is not None and name in document.functions:
        return
    function = cataloged(name)
    if function is not None:
        _check_catalog(function.catalog, mark, document)
    elif "@" in name and not is_uri(name):
        hint = "write name:version@catalog, such as log:1.0.0@default"
        document.findings.at_value("malformed-function", mark.place, f"{quote(name)} names no function", hint=hint)
    elif not is_uri(name) and not _misspelt("functions", document):
        _report_unknown(name, mark, document)


def _check_catalog(catalog: str, mark: Mark, document: Document) -> None:
    document.mention("catalogs", catalog)
    known = document.used("catalogs")
    if catalog == DEFAULT_CATALOG or catalog in known or _misspelt("catalogs", document):
        return
    message = f"`use.catalogs` has no {quote(catalog)}{did_you_mean(catalog, [*known, DEFAULT_CATALOG])}"
    hint = "it has " + ", ".join(list(known)[:8]) if known else "define it under `use.catalogs`"
    document.findings.at_value("undefined-reference", mark.place, message, hint=hint)


def _report_unknown(name: str, mark: Mark, document: Document) -> None:
    known = [*BUILT_IN, *document.used("functions"), *(document.functions or ())]
    suggestion = did_you_mean(name, known)
    if unwrap(name) is not None:
        message, hint = "the name of a function cannot be an expression", "choose between calls with a `switch`"
    elif document.functions is None:
        message = f"{quote(name)} is neither built in nor under `use.functions`{suggestion}"
        hint = "it has to be registered as a Python function when the workflow runs"
    else:
        message = f"no function {quote(name)} is known{suggestion}"
        hint = "register it with @dalsegno.activity, or define it under `use.functions`"
    if name.endswith((".yaml", ".yml", ".json")):
        hint = f"if it is a file beside this one: call: ./{name}"
    severity = Severity.WARNING if document.functions is None else Severity.ERROR
    document.findings.at_value("unknown-function", mark.place, message, hint=hint, severity=severity)


def check_functions(mark: Mark, document: Document) -> None:
    """A function of the document cannot take the name of a built-in one, nor lead to a task of somebody else's list."""
    for name, function in mark.place.entries():
        check_alone(function, document)
        if name in BUILT_IN:
            message = f"a function cannot be named `{name}`: `call: {name}` is built in"
            document.findings.at_key("reserved-name", function, message, hint="give it another name")


def check_variable(mark: Mark, document: Document) -> None:
    """The name of a variable: what expressions can write after `$`, and no argument that is there already."""
    name = mark.place.value
    if not isinstance(name, str):
        return
    if name in ARGUMENTS or name in _JQ_VARIABLES:
        message, hint = f"`${name}` means something already", "give the variable another name"
    elif _IDENTIFIER.fullmatch(name):
        return
    elif name.startswith("$") and _IDENTIFIER.fullmatch(name[1:]):
        message, hint = "the name of a variable is written without `$` where it is defined", f"write {name[1:]}"
    else:
        message = f"{quote(name)} is no name for a variable"
        hint = "use letters, digits and underscores, and no digit at the beginning"
    document.findings.at_value("invalid-variable", mark.place, message, hint=hint)


def check_loop(mark: Mark, document: Document) -> None:
    """The item and its index are two variables: of one name, the item could not be seen."""
    item = mark.place.get("each") or mark.place.get("item")
    index = mark.place.get("at")
    if scopes.name(item, "item") != scopes.name(index, "index"):
        return
    place = index or item
    assert place is not None  # the names that they have by themselves differ
    message = f"{quote(str(place.value))} is the name of the item and of its index"
    hint = "give them two names" if item and index else f"name the {'item' if index else 'index'} too"
    document.findings.at_value("invalid-variable", place, message, hint=hint)
