"""The engine of one process on one SQLite file."""
