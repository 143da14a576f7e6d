"""The built-in functions of jq, by theme."""
