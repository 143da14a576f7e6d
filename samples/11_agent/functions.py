"""A pretended model: it answers in three steps, as a real one might."""

from typing import Any

import dalsegno


@dalsegno.activity
def think(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """The next message of the assistant: an answer, or a tool that it wants to be used."""
    results = [message["content"] for message in messages if message["role"] == "tool"]
    if not results:
        return {"role": "assistant", "tool": "abacus", "arguments": {"expression": "17 * 23"}}
    if results[-1].startswith("failed"):
        return {"role": "assistant", "tool": "calculator", "arguments": {"expression": "17 * 23"}}
    return {"role": "assistant", "content": f"It is {results[-1]}."}
