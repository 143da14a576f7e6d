"""What can go wrong between a caller and an engine; whose fault it is decides the exit code of the command line."""

import shlex
from collections.abc import Sequence
from enum import StrEnum

from dalsegno.schema.errors import DalsegnoError
from dalsegno.schema.values import JsonObject


class WorkflowFaulted(DalsegnoError):
    """The instance ended with an error that nothing caught.

    `error` is a problem details object (RFC 7807) with type, status, title, detail and instance.
    """

    def __init__(self, instance: str, error: JsonObject) -> None:
        self.instance = instance
        self.error = error
        detail = f": {error['detail']}" if error.get("detail") else ""
        where = f" at {error['instance']}" if error.get("instance") else ""
        super().__init__(f"instance {instance} faulted{where}: {error.get('title')} ({error.get('status')}){detail}")


class WorkflowCancelled(DalsegnoError):
    """The instance was cancelled or terminated; `reason` is what the canceller gave, if anything."""

    def __init__(self, instance: str, reason: str | None) -> None:
        self.instance = instance
        self.reason = reason
        super().__init__(f"instance {instance} was cancelled" + (f": {reason}" if reason else ""))


class WorkflowTimeout(DalsegnoError):
    """The caller's patience ended, not the instance; the message says what has become of it, and what to do.

    `instance` is its id, None when the time passed before it was begun.
    """

    def __init__(self, instance: str | None, seconds: float, sequel: str = "it is not lost: wait for it again") -> None:
        self.instance = instance
        what = "nothing was begun" if instance is None else f"instance {instance} did not end"
        super().__init__(f"{what} within {seconds:g} s; {sequel}")


class WorkflowSuspended(DalsegnoError):
    """The instance does not go on by itself: somebody, or a limit of this machine, suspended it for `reason`."""

    def __init__(self, instance: str, reason: str | None, remedy: str = "it goes on after `resume()`") -> None:
        self.instance = instance
        self.reason = reason
        super().__init__(f"instance {instance} is suspended" + (f": {reason}" if reason else "") + f"; {remedy}")


def how_to_resume(store: str, instance: str) -> str:
    """What lets a suspended instance of a store go on, for messages."""
    command = shlex.join(["dalsegno", "resume", instance, "--store", store])
    resuming = f"with dalsegno.Engine({store!r}) as engine: engine.get({instance!r}).resume()"
    return f"resume it before you run it again: {command}; or in Python: {resuming}"


class InstanceNotFound(DalsegnoError):
    """No instance of this id is in the store."""

    def __init__(self, instance: str) -> None:
        self.instance = instance
        super().__init__(f"there is no instance {instance!r} in this store")


class InstanceExists(DalsegnoError):
    """The id is taken; `difference` says what an attaching caller brought that the instance does not have."""

    def __init__(self, instance: str, difference: str | None = None) -> None:
        self.instance = instance
        self.difference = difference
        reason = f", with {difference}" if difference else ": choose another id, or attach to it"
        super().__init__(f"instance {instance!r} exists already{reason}")


class GroupBusy(DalsegnoError):
    """Another instance of the group is at work, or queued, and this one was to be refused then."""

    def __init__(self, group: str, instance: str) -> None:
        self.group = group
        self.instance = instance
        super().__init__(f"the group {group!r} is busy with the instance {instance!r}: queue, replace, or wait for it")


class WorkflowExists(DalsegnoError):
    """Another document is registered under this namespace, name and version."""

    def __init__(self, namespace: str, name: str, version: str) -> None:
        self.workflow = f"{namespace}/{name}:{version}"
        remedy = "raise its version, or replace what is registered (instances that run keep what they have)"
        super().__init__(f"{self.workflow} is registered already, with another content: {remedy}")


class WorkflowNotFound(DalsegnoError):
    """No workflow of this namespace, name and version (None: of any version) is registered."""

    def __init__(self, namespace: str, name: str, version: str | None) -> None:
        self.workflow = f"{namespace}/{name}" + (f":{version}" if version else "")
        super().__init__(f"no workflow {self.workflow} is registered in this store")


class ScheduleNotFound(DalsegnoError):
    """No registered workflow of this name has a schedule, or several have."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name = name
        several = [each for each in known if each.endswith(f"/{name}")]
        if several:
            message = f"several workflows named {name!r} have a schedule: name one of {', '.join(several)}"
        else:
            message = f"no registered workflow {name!r} has a schedule"
            message += f"; these have one: {', '.join(known)}" if known else ": register it (dalsegno register FILE)"
        super().__init__(message)


class WrongStatus(DalsegnoError):
    """The instance is not in a status that allows the request."""

    def __init__(self, instance: str, status: str, remedy: str) -> None:
        self.instance = instance
        self.status = status
        super().__init__(f"instance {instance!r} is {status}: {remedy}")


class EngineClosed(DalsegnoError):
    """The engine is not open: it was closed, or never entered. Its instances go on with the next engine."""

    def __init__(self) -> None:
        super().__init__("the engine is closed: use it inside its one `with` block")


class Trouble(StrEnum):
    """Why a store cannot be used."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    UNWRITABLE = "unwritable"
    FOREIGN = "foreign"
    NEWER = "newer"
    CORRUPT = "corrupt"
    FULL = "full"
    GONE = "gone"
    BUSY = "busy"
    OWNED = "owned"
    LOST = "lost"
    BROKEN = "broken"


_TEXTS = {
    Trouble.MISSING: "there is no store at {path}",
    Trouble.UNREADABLE: "the store {path} cannot be read",
    Trouble.UNWRITABLE: "the store {path} cannot be written: check that the file and its folder are writable",
    Trouble.FOREIGN: "{path} is not a Dalsegno store: choose another file",
    Trouble.NEWER: "the store {path} was written by a newer Dalsegno: upgrade this one",
    Trouble.CORRUPT: "the store {path} is damaged: restore it from a backup",
    Trouble.FULL: "the disk of the store {path} is full: nothing accepted is lost, make room and start again",
    Trouble.GONE: "the store {path} was taken away while it was in use",
    Trouble.BUSY: "the store {path} is locked by another program",
    Trouble.OWNED: "the store {path} is in use by another engine",
    Trouble.LOST: "another engine has taken over the store {path}",
    Trouble.BROKEN: "the store {path} failed",
}


class StoreError(DalsegnoError):
    """The store's file cannot be used; `reason` says why, and nothing that was accepted is lost by it."""

    def __init__(self, path: str, reason: Trouble, detail: str | None = None) -> None:
        self.path = path
        self.reason = reason
        super().__init__(_TEXTS[reason].format(path=path) + (f" ({detail})" if detail else ""))
