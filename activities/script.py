"""`run: script`, in Python or JavaScript."""

import json
import re
import sys
from pathlib import Path
from typing import Final, cast

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.call import Call
from dalsegno.activities.outcome import result, wanted
from dalsegno.activities.process import Program, find, run, workplace
from dalsegno.activities.program import environment_of, given, stdin_of, text_of, words_of
from dalsegno.activities.resources import Resources
from dalsegno.schema.values import JsonObject, JsonValue

_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")

# Older documents give named arguments to JavaScript: the code is the body of a function that has them as parameters.
_FUNCTION: Final = """\
import {{ writeFileSync }} from 'node:fs';
const AsyncFunction = (async () => {{}}).constructor;
const returned = await new AsyncFunction(...{names}, {code})(...{values});
if (returned !== undefined) writeFileSync({answer}, JSON.stringify(returned));
"""


async def perform(call: Call, resources: Resources) -> JsonValue:
    """Run a script with its arguments as `sys.argv[1:]` or `process.argv.slice(2)`.

    The arguments are those of the language (`language`, `code`, `arguments`, `stdin`, `environment`), and `return`.
    Python is the engine's own; JavaScript is run by node, as an ES module.
    """
    resources.permissions.check_process("script")
    arguments = given(call.arguments)
    async with workplace() as folder:
        command, answer = _command(arguments, folder)
        program = Program(command, stdin_of(arguments), environment_of(arguments))
        ended = await run(program, folder, resources.processes, wanted(arguments))
        output = result(arguments, ended, "the script")
        if answer is not None and answer.exists() and arguments.get("return") in (None, "stdout"):
            return cast(JsonValue, json.loads(answer.read_bytes()))
        return output


def _command(arguments: JsonObject, folder: Path) -> tuple[list[str], Path | None]:
    """The command line of a script, and where the value will be that it returns."""
    language, code = text_of(arguments, "language"), text_of(arguments, "code")
    match language:
        case "python":
            return [sys.executable, _file(folder / "script.py", code), *words_of(arguments)], None
        case "js" | "javascript":
            node = find("node", f"run: script in {language}")
            named = arguments.get("arguments")
            if isinstance(named, dict):
                answer = folder / "returned.json"
                return [node, _file(folder / "script.mjs", _function(code, named, answer))], answer
            return [node, _file(folder / "script.mjs", code), *words_of(arguments)], None
        case _:
            detail = f"scripts cannot be written in {language}: use js or python"
            raise ActivityError("configuration", detail=detail)


def _function(code: str, named: JsonObject, answer: Path) -> str:
    for name in named:
        if not _IDENTIFIER.fullmatch(name):
            raise ActivityError("configuration", detail=f"the argument {name!r} is no name that JavaScript can have")
    names, values = json.dumps(list(named)), json.dumps(list(named.values()))
    return _FUNCTION.format(names=names, values=values, code=json.dumps(code), answer=json.dumps(str(answer)))


def _file(path: Path, code: str) -> str:
    path.write_text(code, encoding="utf-8")
    return str(path)
