"""The part of petstore.swagger.io that the conformance scenarios call."""

import json

from tests.servers.site import Answer, Received, json_answer

PETS = {
    1: {"id": 1, "name": "Milou", "status": "available"},
    2: {"id": 2, "name": "Rantanplan", "status": "available"},
    3: {"id": 3, "name": "Idéfix", "status": "pending"},
}

_PET = {"name": "body", "in": "body", "required": True, "schema": {"$ref": "#/definitions/Pet"}}
_ID = {"name": "petId", "in": "path", "required": True, "type": "integer", "format": "int64"}
_STATUS = {
    "name": "status",
    "in": "query",
    "required": True,
    "type": "array",
    "items": {"type": "string", "enum": ["available", "pending", "sold"]},
    "collectionFormat": "multi",
}
_NAME = {"name": "name", "in": "formData", "required": False, "type": "string"}
_KEY = {"name": "api_key", "in": "header", "required": False, "type": "string"}
_BOTH = ["application/json", "application/xml"]

DOCUMENT = {
    "swagger": "2.0",
    "info": {"title": "Swagger Petstore", "version": "1.0.7"},
    "host": "petstore.swagger.io",
    "basePath": "/v2",
    "schemes": ["https", "http"],
    "paths": {
        "/pet": {
            "post": {"operationId": "addPet", "consumes": _BOTH, "produces": _BOTH, "parameters": [_PET]},
        },
        "/pet/findByStatus": {
            "get": {"operationId": "findPetsByStatus", "produces": _BOTH, "parameters": [_STATUS]},
        },
        "/pet/{petId}": {
            "get": {"operationId": "getPetById", "produces": _BOTH, "parameters": [_ID]},
            "post": {
                "operationId": "updatePetWithForm",
                "consumes": ["application/x-www-form-urlencoded"],
                "parameters": [_ID, _NAME],
            },
            "delete": {"operationId": "deletePet", "parameters": [_KEY, {"$ref": "#/parameters/petId"}]},
        },
    },
    "parameters": {"petId": _ID},
    "definitions": {"Pet": {"type": "object", "required": ["name"]}},
}


def petstore(received: Received) -> Answer:
    """Answer as petstore.swagger.io does."""
    match received.method, received.parts:
        case "GET", ["v2", "swagger.json"]:
            return json_answer(DOCUMENT)
        case "GET", ["v2", "pet", "findByStatus"]:
            wanted = [status for given in received.query.get("status", []) for status in given.split(",")]
            return json_answer([pet for pet in PETS.values() if pet["status"] in wanted])
        case "POST", ["v2", "pet"]:
            return json_answer({"id": 4, **json.loads(received.body)})
        case method, ["v2", "pet", id_] if id_.isdigit() and int(id_) in PETS:
            if method == "GET":
                return json_answer(PETS[int(id_)])
            return json_answer({"code": 200, "type": "unknown", "message": id_})
        case "GET", ["v2", "pet", _]:
            return json_answer({"code": 1, "type": "error", "message": "Pet not found"}, 404)
        case _:
            message = f"null for uri: http://petstore.swagger.io{received.path}"
            return json_answer({"code": 404, "type": "unknown", "message": message}, 404)
