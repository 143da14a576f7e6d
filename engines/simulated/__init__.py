"""An engine in virtual time, and the tests of workflows that run in it."""
