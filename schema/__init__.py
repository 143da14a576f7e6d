"""A YAML or JSON document becomes a typed, frozen value, or a list of problems."""
