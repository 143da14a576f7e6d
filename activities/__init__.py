"""What touches the world on a workflow's behalf: HTTP calls, Python functions and their like."""
