"""Run by test_memory.py in a process of its own: what each program that it is given takes, as one JSON array.

Usage: python measured.py < programs.json
"""

import json
import os
import resource
import sys
from typing import Any

from dalsegno.interpreter.expressions import BudgetExceeded, ExpressionError, evaluate

PAGE = resource.getpagesize()


def resident() -> int:
    """The memory of this process, in bytes."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * PAGE


def outcome(language: str, program: str) -> dict[str, Any]:
    """Evaluates a program, and says how that ended and how much memory it took at most."""
    before = resident()
    try:
        evaluate(program, language=language)
        ended = "value"
    except BudgetExceeded as error:
        ended = error.budget
    except ExpressionError as error:
        ended = error.message
    return {"ended": ended, "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before}


def forked(language: str, program: str) -> dict[str, Any]:
    """The same in a child: the memory of each is then its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        # What goes far beyond the promise must not take the machine with it.
        resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
        os.write(writing, json.dumps(outcome(language, program)).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    result: dict[str, Any] = json.loads(told) if told else {"ended": "killed", "bytes": 0}
    return result


if __name__ == "__main__":
    # What is imported when it is first used is not the program's doing.
    for language, program in (("jq", '[1] | sort | tojson | test("a"), @uri, (0 | todate)'), ("jinja", "this | upper")):
        outcome(language, program)
    print(json.dumps([forked(language, program) for language, program in json.load(sys.stdin)]))
