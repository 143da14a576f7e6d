"""Authentications that cannot be carried out (C19)."""

from dalsegno.schema.checks.document import Document
from dalsegno.schema.structure import Mark


def check_oauth2(mark: Mark, document: Document) -> None:
    """A token is asked of an authority by a grant, unless a secret says which."""
    place = mark.place
    if not isinstance(place.value, dict) or "use" in place.value:
        return
    missing = [key for key in ("authority", "grant") if key not in place.value]
    if missing:
        message = f"`{place.name}` has no " + " and no ".join(f"`{key}`" for key in missing) + ": no token can be had"
        hint = "add " + " and ".join(missing) + ", or `use` a secret that holds them"
        document.findings.at_key("incomplete-authentication", place, message, hint=hint)
    grant = place.get("grant")
    if grant is not None and grant.value in ("authorization_code", "refresh_token"):
        message = (
            f"the grant `{grant.value}` needs a person or an earlier token, and the language has no place for them"
        )
        document.findings.at_value("incomplete-authentication", grant, message, hint="use client_credentials")
