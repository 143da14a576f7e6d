"""What the order's document calls. The warehouse, the payment gateway and the carriers are pretended ones."""

import asyncio
from collections import Counter
from typing import TypedDict

import dalsegno


class Item(TypedDict):
    article: str
    quantity: int
    price: int


GRAMS = {"teapot": 900, "cup": 250, "tea": 120}
COUNTRIES = {"BE", "DE", "FR", "IT", "NL"}

# What the pretended gateway remembers: how often it was asked under each key.
_asked: Counter[str] = Counter()


@dalsegno.activity
def reserve_stock(order: str, items: list[Item]) -> dict[str, object]:
    """Put the articles aside."""
    for item in items:
        if item["article"] not in GRAMS:
            # No retry helps here, so the document has no `catch` for it: the workflow faults with this error.
            raise dalsegno.ActivityError("validation", detail=f"there is no article named {item['article']}")
    return {"id": f"reservation-{order}", "articles": sum(item["quantity"] for item in items)}


@dalsegno.activity(timeout="PT10S")
async def charge_card(order: str, card: str, cents: int) -> dict[str, object]:
    """Charge a card; the gateway is busy the first two times it is asked."""
    # The key is the same over all attempts, so a gateway that knows such keys never charges twice.
    key = dalsegno.current().idempotency_key
    await asyncio.sleep(0.01)
    _asked[key] += 1
    if _asked[key] <= 2:
        raise dalsegno.ActivityError("communication", status=503, detail="the payment gateway is busy")
    return {"receipt": f"receipt-{order}", "cents": cents, "attempts": _asked[key]}


@dalsegno.activity
def pack_parcel(items: list[Item]) -> dict[str, object]:
    """Weigh what is in the parcel, and the box."""
    grams = 150 + sum(GRAMS[item["article"]] * item["quantity"] for item in items)
    return {"id": f"parcel-{grams}", "grams": grams}


@dalsegno.activity
async def announce_delivery(order: str, name: str) -> str:
    """Write to the customer."""
    await asyncio.sleep(0.01)
    return f"Dear {name}, your order {order} is being packed."


@dalsegno.activity
def ship_parcel(parcel: str, country: str) -> dict[str, object]:
    """Hand the parcel to a carrier."""
    if country not in COUNTRIES:
        # A type of error of our own: a URI. The document catches exactly this one.
        raise dalsegno.ActivityError(
            "https://shop.example/errors/no-carrier", status=422, detail=f"no carrier delivers to {country}"
        )
    return {"number": f"{country}-{parcel}"}


@dalsegno.activity
async def refund_card(receipt: str, cents: int) -> dict[str, object]:
    """Give the money back."""
    await asyncio.sleep(0.01)
    return {"receipt": receipt, "cents": cents}


@dalsegno.activity
def release_stock(reservation: str) -> None:
    """Put the articles back on the shelf."""
