"""The engine behind a socket, for callers that are not this process."""
