"""The status of an execution."""

from enum import StrEnum


class Status(StrEnum):
    """The status phases of the specification (DSL, "Status Phases"); `suspended` is an engine's to give."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"
    FAULTED = "faulted"
    COMPLETED = "completed"
