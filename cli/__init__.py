"""The `dalsegno` command."""
