"""Files that a tested workflow fetches: those beside its document are read, those elsewhere are what mocks say."""

from hashlib import blake2b
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.permissions import Permissions
from dalsegno.engines.simulated.mocks import Asked, Mocks, Reply, Unanswered
from dalsegno.interpreter.codec import encode
from dalsegno.interpreter.errors import WorkflowError, standard
from dalsegno.interpreter.reading import read
from dalsegno.interpreter.sources import FUNCTION, OPENAPI
from dalsegno.schema.values import JsonObject, JsonValue, as_object


def fetched(asked: Asked, mocks: Mocks, document: str | None) -> Reply:
    """The answer to a task that fetches a file; `document` is the path of the tested one, if it has any.

    A mock whose `call` is the file's URI, or whose `task` is the one that asks, says what a function returns, the same
    for every call of it, or what a schema is. Raises Unanswered for a file that is not here.
    """
    arguments = as_object(asked.arguments)
    uri = str(as_object(arguments.get("endpoint")).get("uri"))
    if arguments.get("as") == OPENAPI:
        # The calls that it describes are what mocks answer: nobody reads it.
        return Reply(result=_source(uri, b"", {"uri": uri, "text": ""}))
    meant = Asked(asked.reference, uri, asked.arguments)
    reply = mocks.answer(meant)
    if reply is None:
        return _read(uri, arguments, document, meant)
    if reply.error is not None or reply.hangs:
        return reply
    content = _returning(reply.result) if arguments.get("as") == FUNCTION else reply.result
    return Reply(reply.after, _source(uri, encode(content), content))


def _read(uri: str, arguments: JsonObject, document: str | None, meant: Asked) -> Reply:
    if urlsplit(uri).scheme != "file" or document is None:
        raise Unanswered(meant)
    try:
        beside = Permissions(folders=(Path(document).resolve().parent,))
        data = beside.check_file(unquote(urlsplit(uri).path)).read_bytes()
        return Reply(result=_source(uri, data, read(arguments, uri, data)))
    except (ActivityError, WorkflowError) as error:
        return Reply(error=error.error)
    except OSError as error:
        return Reply(error=standard("configuration", f"{uri} cannot be read: {error.strerror}"))


def _returning(value: JsonValue) -> JsonObject:
    """A function that returns a value whatever it is called with."""
    return {"set": {"returned": value}, "output": {"as": ".returned"}}


def _source(uri: str, data: bytes, content: JsonValue) -> JsonObject:
    return {"uri": uri, "digest": blake2b(data, digest_size=32).hexdigest(), "content": content}
