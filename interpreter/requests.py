"""What a machine has asked for: commands on their way out, and the requests that still await an answer."""

import msgspec

from dalsegno.interpreter.commands import (
    AnyCommand,
    AwaitMessage,
    AwaitNext,
    CancelActivity,
    CancelChild,
    CancelTimer,
    Request,
    ScheduleActivity,
    StartChild,
    StartTimer,
    StopAwaiting,
)
from dalsegno.interpreter.events import (
    ActivityCompleted,
    ActivityFailed,
    Answer,
    ChildCompleted,
    ChildFailed,
    MessageReceived,
    TimerFired,
)
from dalsegno.interpreter.filters import Filter
from dalsegno.interpreter.frames import Ask, Frame

_Cancel = type[CancelActivity] | type[CancelTimer] | type[StopAwaiting] | type[CancelChild]

# How each request is taken back, and what may answer it.
_CANCELS: dict[type[Request], _Cancel] = {
    ScheduleActivity: CancelActivity,
    StartTimer: CancelTimer,
    AwaitMessage: StopAwaiting,
    StartChild: CancelChild,
}
_ANSWERED_BY: dict[type[Request], tuple[type[Answer], ...]] = {
    ScheduleActivity: (ActivityCompleted, ActivityFailed),
    StartTimer: (TimerFired,),
    AwaitMessage: (MessageReceived,),
    StartChild: (ChildCompleted, ChildFailed),
}


class Requests:
    """`awaited` has every request without an answer, by its id and in the order of asking."""

    def __init__(self) -> None:
        self.awaited: dict[int, Ask] = {}
        self._leaving: list[Ask | AnyCommand] = []

    @property
    def working(self) -> bool:
        """Whether an activity or a child is at work: something else than timers and messages is awaited."""
        return any(isinstance(ask.command, ScheduleActivity | StartChild) for ask in self.awaited.values())

    def ask(self, frame: Frame, purpose: str, command: Request) -> None:
        """Ask for something that `frame` awaits."""
        ask = Ask(frame, purpose, command)
        frame.asks.append(ask)
        self._leaving.append(ask)

    def say(self, command: AnyCommand) -> None:
        """Wish for something that has no answer."""
        self._leaving.append(command)

    def answered(self, answer: Answer) -> Ask | None:
        """The request that an answer is for, awaited no longer; None where nobody awaits it any more.

        A subscription stays open, but is not ready before `next`. Raises TypeError for an answer to something else.
        """
        ask = self.awaited.get(answer.id)
        if ask is None:
            return None
        if not isinstance(answer, _ANSWERED_BY[type(ask.command)]):
            raise TypeError(f"an answer to {type(ask.command).__name__} {answer.id}")
        if isinstance(ask.command, AwaitMessage) and isinstance(answer, MessageReceived):
            ask.command = msgspec.structs.replace(ask.command, keys=answer.keys, ready=False)
        else:
            self._settle(ask)
        return ask

    def next(self, ask: Ask, filters: list[Filter] | None = None) -> None:
        """Make a subscription ready for its next message; `filters` None: as before."""
        assert isinstance(ask.command, AwaitMessage)
        changed = ask.command.filters if filters is None else filters
        ask.command = msgspec.structs.replace(ask.command, filters=changed, ready=True)
        self.say(AwaitNext(seq=-1, id=ask.seq, filters=filters))

    def _settle(self, ask: Ask) -> None:
        del self.awaited[ask.seq]
        ask.frame.asks.remove(ask)

    def cancel(self, ask: Ask) -> None:
        """Await something no longer; what was never handed over needs no cancel command."""
        ask.dropped = True
        ask.frame.asks.remove(ask)
        if ask.seq >= 0:
            del self.awaited[ask.seq]
            self._leaving.append(_CANCELS[type(ask.command)](seq=-1, id=ask.seq))

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
