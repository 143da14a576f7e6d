"""What a process gives to the document: what `return` asks for, or an error (decisions C6, E10)."""

from typing import Final

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.masking import hidden
from dalsegno.activities.process import Ended
from dalsegno.schema.values import JsonObject, JsonValue

# Of stderr, the end goes into an error: that is where the reason stands.
_DETAIL: Final = 1024

_WANTED: Final = {"stdout": ("stdout",), "stderr": ("stderr",), "all": ("stdout", "stderr")}


def wanted(arguments: JsonObject) -> tuple[str, ...]:
    """The streams whose whole content the document asks for."""
    return _WANTED.get(_returned(arguments), ())


def result(arguments: JsonObject, ended: Ended, what: str) -> JsonValue:
    """What `return` asks for: stdout, stderr, code, all, or none (null).

    Raises ActivityError (runtime) for an exit code that is not 0, where nobody would see it.
    """
    match _returned(arguments):
        case "stderr":
            return text(ended.stderr)
        case "code":
            return ended.code
        case "all":
            return {"code": ended.code, "stdout": text(ended.stdout), "stderr": text(ended.stderr)}
        case returned:
            check(ended, what)
            return text(ended.stdout) if returned == "stdout" else None


def check(ended: Ended, what: str) -> None:
    """Raises ActivityError (runtime) for an exit code that is not 0."""
    if ended.code == 0:
        return
    why = text(hidden(text(ended.stderr)).encode()[-_DETAIL:]).strip()
    raise ActivityError("runtime", detail=f"{what} ended with exit code {ended.code}" + (f": {why}" if why else ""))


def text(output: bytes) -> str:
    """What a process wrote, as UTF-8."""
    return output.decode("utf-8", "replace")


def _returned(arguments: JsonObject) -> str:
    value = arguments.get("return")
    return value if isinstance(value, str) else "stdout"
