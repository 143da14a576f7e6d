"""Authentication policies (DSL reference, "Authentication"): named or inline, with expressions in their values."""

from dataclasses import dataclass

from dalsegno.interpreter.compiler import Compiler
from dalsegno.interpreter.templates import Constant, Template
from dalsegno.schema.sealed import Sealed, Secret
from dalsegno.schema.values import JsonValue

# The scheme as `$authorization.scheme` shows it.
_SCHEMES = {"basic": "Basic", "bearer": "Bearer", "digest": "Digest", "oauth2": "Bearer", "oidc": "Bearer"}


@dataclass(frozen=True, slots=True)
class Authentication:
    """A compiled policy: its template gives `{<kind>: …}`, the form that the performer of a call reads."""

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
    if isinstance(values, dict) and isinstance(name := values.get("use"), str):
        if name not in compiler.workflow.secrets:
            raise ValueError(f"`{kind}.use` names the secret {name!r}, which is not under `use.secrets`")
        # The secret holds what would stand here, and only who sends the request opens it.
        return Authentication(Constant({kind: Sealed(Secret(name))}), _SCHEMES[kind])
    return Authentication(compiler.language.data({kind: values}), _SCHEMES[kind])
