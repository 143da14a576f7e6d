"""What a document means, as far as that can be known before it runs: the checks that the schema names in `x-check`."""
