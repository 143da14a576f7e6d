"""Pretended suppliers: everything can be had, but for the opera."""

import dalsegno


@dalsegno.activity
def reserve(trip: str, part: str) -> dict[str, str]:
    """Reserves a part of a trip; gives the reservation."""
    if part == "opera":
        raise dalsegno.ActivityError(
            "https://example.com/errors/sold-out", status=409, title="Sold out", detail=f"there is no {part} left"
        )
    return {"id": f"{trip}/{part}"}


@dalsegno.activity
def cancel(reservation: str) -> str:
    """Takes a reservation back; once more does no harm."""
    return reservation
