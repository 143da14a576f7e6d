"""What a machine has asked for: commands on their way out, and the requests that still await an answer."""

import msgspec

from dalsegno.interpreter.commands import (
    AnyCommand,
    CancelActivity,
    CancelTimer,
    ScheduleActivity,
    StartTimer,
)
from dalsegno.interpreter.frames import Ask, Frame


class Requests:
    """`awaited` has every request without an answer, by its id and in the order of asking."""

    def __init__(self) -> None:
        self.awaited: dict[int, Ask] = {}
        self._leaving: list[Ask | AnyCommand] = []

    def ask(self, frame: Frame, purpose: str, command: ScheduleActivity | StartTimer) -> None:
        """Ask for something that `frame` awaits."""
        ask = Ask(frame, purpose, command)
        frame.asks.append(ask)
        self._leaving.append(ask)

    def say(self, command: AnyCommand) -> None:
        """Wish for something that has no answer."""
        self._leaving.append(command)

    def settle(self, ask: Ask) -> None:
        """The answer has come."""
        del self.awaited[ask.seq]
        ask.frame.asks.remove(ask)

    def cancel(self, ask: Ask) -> None:
        """Await something no longer; what was never handed over needs no cancel command."""
        ask.dropped = True
        ask.frame.asks.remove(ask)
        if ask.seq >= 0:
            del self.awaited[ask.seq]
            cancel = CancelActivity if isinstance(ask.command, ScheduleActivity) else CancelTimer
            self._leaving.append(cancel(seq=-1, id=ask.seq))

    def hand_over(self, position: int) -> list[AnyCommand]:
        """What is to be recorded from `position` on; what was asked for and cancelled meanwhile is left out."""
        commands: list[AnyCommand] = []
        for leaving in self._leaving:
            seq = position + len(commands)
            if not isinstance(leaving, Ask):
                commands.append(msgspec.structs.replace(leaving, seq=seq))
            elif not leaving.dropped:
                leaving.seq = seq
                leaving.command = msgspec.structs.replace(leaving.command, seq=seq)
                self.awaited[seq] = leaving
                commands.append(leaving.command)
        self._leaving.clear()
        return commands
