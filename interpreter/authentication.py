"""Authentication policies (DSL reference, "Authentication"): named or inline, with expressions in their values."""

from dataclasses import dataclass

from dalsegno.interpreter.compiler import Compiler, NotSupported
from dalsegno.interpreter.templates import Template
from dalsegno.schema.values import JsonValue

# The scheme as `$authorization.scheme` shows it.
_SCHEMES = {"basic": "Basic", "bearer": "Bearer", "digest": "Digest", "oauth2": "Bearer", "oidc": "Bearer"}
# Those that an activity can carry out in this version.
_PERFORMED = ("basic", "bearer")


@dataclass(frozen=True, slots=True)
class Authentication:
    """A compiled policy: its template gives `{<kind>: {…}}`, the form that the performer of a call reads."""

    template: Template
    scheme: str


def compile_authentication(compiler: Compiler, policy: JsonValue) -> Authentication:
    """A policy from its three forms (decision C18): `{use: name}`, the plain name, or inline."""
    named = policy.get("use") if isinstance(policy, dict) else policy
    if isinstance(named, str):
        policy = compiler.workflow.use("authentications")[named]
    if not isinstance(policy, dict):
        raise ValueError("an authentication is a name or an object")
    kind, values = next(iter(policy.items()))
    if kind not in _PERFORMED:
        raise NotSupported(f"authentication `{kind}`")
    if isinstance(values, dict) and "use" in values:
        raise NotSupported(f"authentication `{kind}` from the secret `{values['use']}`")
    return Authentication(compiler.language.data({kind: values}), _SCHEMES[kind])
