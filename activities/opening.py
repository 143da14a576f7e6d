"""Opening: sealed values become plain ones, just before an activity is performed, and nowhere else."""

import json
from base64 import b64encode
from typing import Final, assert_never, cast
from urllib.parse import quote

from dalsegno.activities.activity import ActivityError
from dalsegno.activities.masking import Masks
from dalsegno.activities.secrets import Secrets
from dalsegno.schema.sealed import Encoded, Form, Parameter, Sealed, Secret, Text
from dalsegno.schema.sealed import Secrets as AllSecrets
from dalsegno.schema.values import JsonObject, JsonValue

_GIVE: Final = "give it with `--secret`, `--secrets` or `--secrets-dir`, or with Engine(secrets=…)"


class ParameterNeeded(Exception):
    """The arguments hold `$authorization.parameter`, which has to be found out first."""


class Opening:
    """Opens the arguments of the call at `reference`; `masks` learns every secret on the way.

    `parameter` is what stands behind the scheme of the call's Authorization header, None while it is not known.
    """

    def __init__(self, secrets: Secrets, masks: Masks, reference: str, parameter: str | None = None) -> None:
        self._secrets = secrets
        self._masks = masks
        self._reference = reference
        self._parameter = parameter

    def value(self, value: JsonValue) -> JsonValue:
        """A copy of the value with nothing sealed inside.

        Raises ActivityError: authorization for a secret that is not there, expression for one that is no text where a
        text is needed; and ParameterNeeded.
        """
        if isinstance(value, Sealed):
            return self._form(value.form)
        if isinstance(value, dict):
            return {key: self.value(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner) for inner in value]
        return value

    def _form(self, form: Form) -> JsonValue:
        match form:
            case Secret(name=name, path=path):
                return self._secret(name, path)
            case AllSecrets(names=names):
                return {name: self._secret(name, ()) for name in names}
            case Parameter(reference=reference):
                return self._authorization(reference)
            case Text(parts=parts):
                return "".join(part if isinstance(part, str) else self._text(part) for part in parts)
            case Encoded(encoding=encoding, inner=inner):
                text = self._text(inner)
                made = b64encode(text.encode()).decode() if encoding == "base64" else quote(text, safe="-._~")
                self._masks.add(made)
                return made
            case _:
                assert_never(form)

    def _secret(self, name: str, path: tuple[str, ...]) -> JsonValue:
        try:
            value = self._secrets.get(name)
        except KeyError:
            raise ActivityError("authorization", detail=f"the secret {name!r} is not there: {_GIVE}") from None
        for key in path:
            fields = fields_of(value)
            if fields is None or key not in fields:
                raise ActivityError("authorization", detail=f"the secret {name!r} has no field {key!r}")
            value = fields[key]
        self._masks.add(value)
        self._masks.add(fields_of(value))
        return value

    def _text(self, form: Form) -> str:
        value = self._form(form)
        if isinstance(value, str):
            return value
        if isinstance(value, bool | int | float):
            return json.dumps(value)
        name = f"the secret {form.name!r}" if isinstance(form, Secret) else "a secret"
        kind = "empty" if value is None else "no text but has fields: name one"
        raise ActivityError("expression", detail=f"{name} cannot be put into a text: it is {kind}")

    def _authorization(self, reference: str) -> str:
        if reference != self._reference:
            detail = "`$authorization.parameter` is known only where its own task sends its request"
            raise ActivityError("authorization", detail=detail)
        if self._parameter is None:
            raise ParameterNeeded
        return self._parameter


def fields_of(secret: JsonValue) -> JsonObject | None:
    """The fields of a secret that is an object, or the text of one in JSON, as secret stores have it; else None."""
    if isinstance(secret, str) and secret.lstrip().startswith("{"):
        try:
            secret = cast(JsonValue, json.loads(secret))
        except ValueError:
            return None
    return secret if isinstance(secret, dict) else None
