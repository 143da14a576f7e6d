"""`call: openapi`."""

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.authentication import authorize
from dalsegno.activities.call import Call
from dalsegno.activities.documents import Documents
from dalsegno.activities.exchange import exchange
from dalsegno.activities.http import redirect, string
from dalsegno.activities.request import idempotency_key
from dalsegno.activities.resources import Resources
from dalsegno.schema.values import JsonValue


async def perform(call: Call, resources: Resources) -> JsonValue:
    """Call an operation of an OpenAPI document.

    The arguments are those of the language (`operationId`, `parameters`, `authentication`, `output`, `redirect`), and
    the `document` as it was fetched for the instance: its `uri` and its `text`.
    """
    arguments = call.arguments
    if not isinstance(arguments, dict) or not isinstance(document := arguments.get("document"), dict):
        raise ActivityError(
            "configuration", detail="call: openapi needs `with`, an object with document and operationId"
        )
    parameters = arguments.get("parameters")
    if parameters is None:
        parameters = {}
    if not isinstance(parameters, dict):
        raise ActivityError("expression", detail="parameters must be an object of names and values")
    form, follow = string(arguments, "output", "content"), redirect(arguments)
    description = await resources.get(Documents).get(string(document, "uri"), string(document, "text"))
    allowed = await authorize(arguments.get("authentication"), resources)
    request = (
        description.operation(string(arguments, "operationId"))
        .request(parameters, allowed.header if allowed else None)
        .with_default("Idempotency-Key", idempotency_key(call.key))
    )
    return await exchange(request, resources, redirect=follow, output=form, authorization=allowed)
