"""Write input.json: a year of electricity meter readings, the same each time.

240 meters in four districts (the first letter of the meter), read at the end of 13 months: 3,120 rows. As in life some
readings are missing, and some meters were replaced by a new one that counts from zero.
"""

import json
from collections.abc import Iterator
from pathlib import Path

MONTHS = ["2025-12", *(f"2026-{month:02d}" for month in range(1, 13))]
# Monthly use in percent of the average: more in winter.
SEASON = [125, 120, 110, 100, 85, 80, 85, 90, 90, 100, 105, 110]


def chance(state: int) -> Iterator[int]:
    """Numbers from 0 to 9,999 (a linear congruence, so that no version of Python changes them)."""
    while True:
        state = (state * 1_103_515_245 + 12_345) % 2**31
        yield (state >> 8) % 10_000


def rows() -> Iterator[dict[str, object]]:
    draw = chance(2026)
    meters = [f"{district}-{number:03d}" for district in "NESW" for number in range(1, 61)]
    count = {meter: next(draw) * 3 for meter in meters}
    average = {meter: 120 + next(draw) // 40 for meter in meters}
    for month, season in zip(MONTHS, [0, *SEASON], strict=True):
        for meter in meters:
            count[meter] += average[meter] * season * (85 + next(draw) % 31) // 10_000
            if next(draw) < 30:
                count[meter] = next(draw) % 50  # replaced by a new one
            missing = next(draw) < 100 and month not in (MONTHS[0], MONTHS[-1])
            yield {"meter": meter, "month": month, "kwh": None if missing else count[meter]}


def text() -> str:
    lines = ",\n".join("    " + json.dumps(row) for row in rows())
    return f'{{\n  "centsPerKwh": 31,\n  "readings": [\n{lines}\n  ]\n}}\n'


if __name__ == "__main__":
    (Path(__file__).parent / "input.json").write_text(text(), encoding="utf-8")
