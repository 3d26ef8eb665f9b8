"""Clean end of a campaign on SIGINT and SIGTERM."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from designer.interrupts import interrupt_came


class Interrupted(BaseException):
    """The process received SIGINT or SIGTERM. Derives from BaseException so that libraries do not catch it.

    Attributes:
        signal_number: The signal.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(signal_number).name}")
        self.signal_number = signal_number


@contextmanager
def raise_on_signals() -> Iterator[None]:
    """Raise `Interrupted` in the main thread at the first SIGINT or SIGTERM; a second one acts as usual.

    A signal that was caught by an import during the start counts as the first.

    Has no effect in other threads: Python delivers signals to the main thread only.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    if interrupt_came():
        raise Interrupted(signal.SIGINT)
    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = {number: signal.getsignal(number) for number in numbers}

    def restore() -> None:
        for number, handler in previous.items():
            signal.signal(number, handler)

    def handle(number: int, frame: FrameType | None) -> None:
        restore()
        raise Interrupted(number)

    for number in numbers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        restore()
