"""Bookings that write down what they do; one of them dies with its process the first time."""

import os
import signal
from pathlib import Path

import dalsegno


def write(journal: str, line: str) -> None:
    with Path(journal).open("a", encoding="utf-8") as file:
        file.write(line + "\n")


@dalsegno.activity
def book(what: str, journal: str) -> str:
    write(journal, f"{what}, attempt {dalsegno.current().attempt}")
    return f"{what} booked"


@dalsegno.activity
def book_and_die(what: str, journal: str) -> str:
    attempt = dalsegno.current().attempt
    write(journal, f"{what}, attempt {attempt}")
    if attempt == 1:
        os.kill(os.getpid(), signal.SIGKILL)  # as sudden as a power cut: nothing is tidied up
    return f"{what} booked"
