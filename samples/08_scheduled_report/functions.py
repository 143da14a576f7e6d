"""Sales that are read from nowhere, and a report that becomes a line of a file."""

from pathlib import Path

import dalsegno


@dalsegno.activity
def read_sales(day: str) -> dict[str, object]:
    """What was sold on a day."""
    sales = [{"product": "tea", "amount": 120}, {"product": "coffee", "amount": 310}, {"product": "cake", "amount": 95}]
    return {"day": day, "sales": sales}


@dalsegno.activity
def publish_report(text: str) -> dict[str, object]:
    """Adds a line to report.txt, but not a second one for the same day: an activity may run again after a crash."""
    report = Path("report.txt")
    lines = report.read_text(encoding="utf-8").splitlines() if report.exists() else []
    if text not in lines:
        report.write_text("\n".join([*lines, text]) + "\n", encoding="utf-8")
    return {"published": text.partition(": ")[2]}
