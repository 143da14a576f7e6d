"""The activity that fetches a file for an instance: a function, a schema, a text (interpreter/sources.py)."""

import asyncio
from hashlib import blake2b

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.authentication import authorize
from dalsegno.activities.call import Call
from dalsegno.activities.files import Files
from dalsegno.activities.http import endpoint
from dalsegno.activities.resources import Resources
from dalsegno.interpreter.errors import WorkflowError
from dalsegno.interpreter.reading import read
from dalsegno.schema.values import JsonValue, as_object


async def perform(call: Call, resources: Resources) -> JsonValue:
    """The file that `endpoint` names, read as what `as` says: its URI, hash, media type and content.

    Raises ActivityError: what fetching raises, and configuration where it is not what it should be.
    """
    arguments = as_object(call.arguments)
    uri, authentication = endpoint(arguments.get("endpoint"), "endpoint")
    file = await resources.get(Files).get(uri, await authorize(authentication, resources))
    try:
        # YAML takes its time, and the loop has other instances to serve.
        content = await asyncio.to_thread(read, arguments, file.uri, file.data, resources.functions())
    except WorkflowError as error:
        raise ActivityError("configuration", detail=str(error.error.get("detail"))) from None
    digest = blake2b(file.data, digest_size=32).hexdigest()
    return {"uri": uri, "digest": digest, "mediaType": file.media_type, "content": content}
