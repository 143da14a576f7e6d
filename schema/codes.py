"""Every problem that validation can report: a stable code, how much it matters, and one line about it.

docs/problems.md has a heading for each, with a wrong and a right example; a test holds the two together.
"""

from typing import Final, NamedTuple

from dalsegno.schema.problems import Problem, Severity


class Code(NamedTuple):
    """What a code means, and the severity that it has unless the finding says otherwise."""

    severity: Severity
    meaning: str


_ERROR, _WARNING, _HINT = Severity.ERROR, Severity.WARNING, Severity.HINT

CODES: Final[dict[str, Code]] = {
    # The text
    "document-too-large": Code(_ERROR, "The document, or what its anchors expand to, is over the limit."),
    "document-too-deep": Code(_ERROR, "More levels of nesting than the limit."),
    "wrong-encoding": Code(_ERROR, "The bytes are not text in UTF-8, or hold half of a character."),
    "control-character": Code(_ERROR, "A character that no YAML text may hold, such as NUL."),
    "empty-document": Code(_ERROR, "There is no document in the text."),
    "several-documents": Code(_ERROR, "More than one YAML document in the text."),
    # YAML
    "yaml-syntax": Code(_ERROR, "The text is not YAML."),
    "tab-indentation": Code(_ERROR, "A tab where YAML wants spaces."),
    "wrong-indentation": Code(_ERROR, "A line is indented more or less than its neighbours."),
    "missing-colon": Code(_ERROR, "A key without `: ` after it."),
    "unquoted-text": Code(_ERROR, "Text with characters that mean something to YAML, without quotes."),
    "unclosed-quote": Code(_ERROR, "A quote that is opened and never closed."),
    "unclosed-bracket": Code(_ERROR, "A `[` or `{` that is opened and not closed where it should be."),
    "duplicate-key": Code(_ERROR, "The same key twice in one mapping."),
    "non-string-key": Code(_ERROR, "A key that is no text."),
    "yaml-tag": Code(_ERROR, "An explicit YAML tag, such as `!!python/object`."),
    "unknown-anchor": Code(_ERROR, "An alias `*name` without an anchor `&name` before it."),
    "recursive-anchor": Code(_ERROR, "An anchor that holds an alias to itself."),
    "invalid-merge": Code(_ERROR, "A merge key `<<` whose value is no mapping."),
    "invalid-number": Code(_ERROR, "A number that JSON cannot hold: NaN, infinity, or thousands of digits."),
    # The structure of the language
    "wrong-type": Code(_ERROR, "A value of another kind than its place asks for."),
    "wrong-value": Code(_ERROR, "A value of the right kind that its place does not allow."),
    "missing-property": Code(_ERROR, "A property that has to be there is not."),
    "unknown-property": Code(_ERROR, "A property that the language does not know at this place."),
    "conflicting-properties": Code(_ERROR, "Properties of which only one may be there."),
    "missing-task-type": Code(_ERROR, "A task without a property that says what it does."),
    "missing-dash": Code(_ERROR, "A mapping where a list is wanted: its entries begin with `- `."),
    "several-names-in-entry": Code(_ERROR, "An entry of a list of tasks or cases with more than one name."),
    "missing-name": Code(_ERROR, "An entry of a list of tasks or cases without a name."),
    # Flow
    "unknown-target": Code(_ERROR, "`then` names no task in its scope."),
    "target-in-branch": Code(_ERROR, "`then` of a branch of `fork` names a task."),
    "duplicate-name": Code(_ERROR, "Two entries of one list have the same name."),
    "reserved-name": Code(_ERROR, "A task or function with a name that already means something."),
    "several-defaults": Code(_ERROR, "A switch with more than one case without `when`."),
    "unreachable-task": Code(_WARNING, "A task that nothing leads to."),
    "unlimited-retry": Code(_WARNING, "A retry policy without a limit: it retries for ever."),
    # Names
    "undefined-reference": Code(_ERROR, "A name that nothing under `use` defines."),
    "unused-definition": Code(_WARNING, "An entry of `use` that nothing uses."),
    "unknown-function": Code(_WARNING, "`call` names no function that is known here."),
    "malformed-function": Code(
        _ERROR, "`call` names a function of a catalog in another form than `name:version@catalog`."
    ),
    "invalid-variable": Code(_ERROR, "A variable's name that an expression could not use."),
    # Values
    "invalid-duration": Code(_ERROR, "A duration that is negative, empty or malformed."),
    "invalid-schedule": Code(_ERROR, "A schedule that never fires, or a malformed cron expression."),
    "schedule-read": Code(_HINT, "`schedule.on` without `read`: the input holds the events' data."),
    "invalid-event": Code(_ERROR, "An attribute of an event that CloudEvents does not allow."),
    "invalid-schema": Code(_ERROR, "An inline schema that is no valid JSON Schema."),
    "unsupported-format": Code(_ERROR, "A schema format other than JSON Schema."),
    "unsupported-version": Code(_ERROR, "A version of the DSL other than 1.0.x."),
    "unsupported-return": Code(_ERROR, "A `return` that this kind of process cannot give."),
    "map-arguments": Code(_WARNING, "`arguments` as a mapping, as older documents have them."),
    "ignored-property": Code(_WARNING, "A property without effect beside another one."),
    "incomplete-authentication": Code(_WARNING, "An authentication without what it needs to be carried out."),
    # Expressions
    "expression-syntax": Code(_ERROR, "An expression that does not compile."),
    "unknown-variable": Code(_ERROR, "An expression uses a variable that nothing defines there."),
    "unavailable-argument": Code(_WARNING, "An expression uses an argument that does not exist there: it is null."),
    "several-expressions": Code(_ERROR, "A string that begins with one `${ … }` and ends with another."),
    "embedded-expression": Code(_WARNING, "`${ … }` inside a longer text, where nothing is evaluated."),
    "bare-expression": Code(_WARNING, "A literal that looks like an expression without its `${ }`."),
    "expression-in-uri": Code(_ERROR, "`${` inside a URI, where only `{name}` is filled in."),
    "exposed-secret": Code(_WARNING, "`$secrets` in a place whose result is kept or published."),
    # The version
    "not-supported": Code(_ERROR, "The language has it, and this version of Dalsegno cannot run it yet."),
}


def problem(
    code: str,
    message: str,
    line: int,
    column: int,
    *,
    reference: str = "",
    hint: str | None = None,
    severity: Severity | None = None,
) -> Problem:
    """A problem with the severity of its code, unless another one is given."""
    return Problem(code, severity or CODES[code].severity, message, None, line, column, reference, hint)
