"""The pure machine: events in, commands out; no clock, no chance, no input or output."""
