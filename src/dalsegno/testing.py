"""Tests of workflows from Python: `simulate` one, or run the tests of a file (docs/testing.md)."""

from dalsegno.engines.simulated.expectations import Outcome
from dalsegno.engines.simulated.mocks import Asked, Unanswered
from dalsegno.engines.simulated.suite import Result, Suite, simulate

__all__ = ["Asked", "Outcome", "Result", "Suite", "Unanswered", "simulate"]
