"""`run: shell`."""

from dalsegno.activities.call import Call
from dalsegno.activities.outcome import result, wanted
from dalsegno.activities.process import Program, find, run, workplace
from dalsegno.activities.program import environment_of, given, stdin_of, text_of, words_of
from dalsegno.activities.resources import Resources
from dalsegno.schema.values import JsonValue


async def perform(call: Call, resources: Resources) -> JsonValue:
    """Run a command with `sh -c`; its arguments are `$1` and so on.

    The arguments are those of the language (`command`, `arguments`, `stdin`, `environment`), and `return`.
    """
    resources.permissions.check_process("shell")
    arguments = given(call.arguments)
    program = Program(
        [find("sh", "run: shell"), "-c", text_of(arguments, "command"), "sh", *words_of(arguments)],
        stdin_of(arguments),
        environment_of(arguments),
    )
    async with workplace() as folder:
        return result(arguments, await run(program, folder, resources.processes, wanted(arguments)), "the command")
