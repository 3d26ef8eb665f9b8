"""Ctrl-C while a program starts.

Some libraries catch all exceptions during their import, including the KeyboardInterrupt of a Ctrl-C. The signal is therefore recorded,
and a campaign does not start after it.
"""

import signal
import threading
from types import FrameType

_came = threading.Event()


def remember_interrupts() -> None:
    """Install a handler of SIGINT that records the signal and raises KeyboardInterrupt; an ignored SIGINT stays ignored."""
    if (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ):
        signal.signal(signal.SIGINT, _handle)


def interrupt_came() -> bool:
    """Return whether a SIGINT has come since `remember_interrupts`."""
    return _came.is_set()


def _handle(number: int, frame: FrameType | None) -> None:
    _came.set()
    signal.default_int_handler(number, frame)
