"""The commands, one module each: its arguments, its help, and what it does."""
