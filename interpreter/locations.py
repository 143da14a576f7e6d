"""Where a file is that a document names: relative URIs, pages of GitHub and GitLab, catalogs (decisions C10, C11)."""

import re
from urllib.parse import SplitResult, urljoin, urlsplit

from dalsegno.interpreter.errors import WorkflowError
from dalsegno.schema.calls import DEFAULT_CATALOG

# The scheme of what is in the engine's own catalog.
CATALOG = "catalog"
DEFAULT_ROOT = f"{CATALOG}://{DEFAULT_CATALOG}/"

_WEB = ("http", "https")
_RAW = "raw.githubusercontent.com"
# /owner/repository, and perhaps /tree/<ref>/<path> or the like behind it.
_GITHUB = re.compile(r"/([^/]+)/([^/]+?)(?:\.git)?(?:/(?:tree|blob|raw)/([^/]+)(/.*)?)?/?")
_GITHUB_AT = re.compile(r"/([^/]+)/([^/]+)/(.+)@([^/@]+)")
_GITLAB = re.compile(r"(/.+)/-/(?:tree|blob|raw)/(.+)")
# What is no branch can be told from its looks alone: a commit, or the tag of a version.
_COMMIT_OR_TAG = re.compile(r"[0-9a-f]{40}|v?\d+(\.\d+)+\S*")


def locate(uri: str, location: str | None) -> str:
    """The absolute URI of a file that is named by `uri` in the file at `location`.

    Pages of GitHub and GitLab become the raw files that they show. `file://a/b` is relative, like `a/b` (C11). Raises
    WorkflowError (configuration) where it is relative and no location is known, and for a file of this machine that a
    file from the network names.
    """
    parts = _split(uri)
    if parts.scheme == "file" and parts.netloc not in ("", "localhost"):
        uri = parts.netloc + parts.path
        parts = _split(uri)
        _refuse_files(uri, location)
    elif parts.scheme:
        if parts.scheme not in _WEB:
            _refuse_files(uri, location)
        return raw(parts.geturl())
    if location is None:
        detail = f"`{uri}` is relative, and the file of this workflow is not known: give an absolute URI"
        raise WorkflowError.of("configuration", detail)
    scheme = _split(location).scheme
    # urljoin knows few schemes; what it does is the same for all.
    joined = urljoin("http" + location.removeprefix(scheme), uri)
    return raw(scheme + joined.removeprefix("http"))


def raw(uri: str) -> str:
    """The file that a page of GitHub or GitLab shows; any other URI as it is."""
    parts = urlsplit(uri)
    if parts.scheme not in _WEB:
        return uri
    if parts.hostname in ("github.com", "www.github.com"):
        return _github(parts) or uri
    page = _GITLAB.fullmatch(parts.path)
    return parts._replace(path=f"{page[1]}/-/raw/{page[2]}").geturl() if page else uri


def function_of(root: str, path: str, location: str | None) -> str:
    """The URI of `path` below the root of a catalog, which may be a page of GitHub or GitLab."""
    root = locate(root, location)
    parts = urlsplit(root)
    if parts.hostname == "gitlab.com" and "/-/" not in parts.path:
        parts = parts._replace(path=f"{parts.path.rstrip('/')}/-/raw/HEAD")
    return raw(parts._replace(path=f"{parts.path.rstrip('/')}/{path}").geturl())


def _github(parts: SplitResult) -> str | None:
    pinned = _GITHUB_AT.fullmatch(parts.path)
    if pinned:
        owner, repository, path, ref = pinned.groups()
        path = path if path.endswith((".yaml", ".yml", ".json")) else f"{path}/function.yaml"
        return parts._replace(netloc=_RAW, path=f"/{owner}/{repository}/{_ref(ref)}/{path}").geturl()
    page = _GITHUB.fullmatch(parts.path)
    if page is None:
        return None
    owner, repository, ref, path = page.groups()
    return parts._replace(netloc=_RAW, path=f"/{owner}/{repository}/{_ref(ref)}{path or ''}").geturl()


def _ref(ref: str | None) -> str:
    """A branch, tag or commit as raw URIs have it; without any it is the default branch."""
    if ref is None:
        return "HEAD"
    return ref if _COMMIT_OR_TAG.fullmatch(ref) else f"refs/heads/{ref}"


def _split(uri: str) -> SplitResult:
    try:
        return urlsplit(uri)
    except ValueError as error:
        raise WorkflowError.of("configuration", f"`{uri}` is no URI: {error}") from None


def _refuse_files(uri: str, location: str | None) -> None:
    if location is not None and _split(location).scheme in _WEB:
        raise WorkflowError.of(
            "configuration", f"a file from the network cannot name `{uri}`, which is on this machine"
        )
