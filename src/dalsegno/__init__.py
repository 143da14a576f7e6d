"""Durable workflows written as YAML documents."""

__version__ = "0.1.0"
