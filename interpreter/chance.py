"""Everything random in an execution: a keyed hash of its seed and a counter, so that replay draws the same again."""

from hashlib import blake2b


def bits(seed: str, draw: int) -> bytes:
    """128 bits for draw number `draw` of the execution whose first event holds `seed` (hexadecimal)."""
    return blake2b(draw.to_bytes(8, "big"), key=bytes.fromhex(seed), digest_size=16).digest()


def between(low: int, high: int, seed: str, draw: int) -> int:
    """A whole number from `low` to `high`, both included, each as likely as the next."""
    return low + int.from_bytes(bits(seed, draw), "big") % (high - low + 1)


def identifier(seed: str, draw: int) -> str:
    """A version 4 UUID."""
    drawn = bytearray(bits(seed, draw))
    drawn[6] = drawn[6] & 0x0F | 0x40
    drawn[8] = drawn[8] & 0x3F | 0x80
    digits = drawn.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
