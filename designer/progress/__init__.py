"""Progress of a campaign on standard error: a live view on a terminal, otherwise plain lines."""

import sys
from importlib.util import find_spec

from designer.progress.listener import Listener, SilentListener

__all__ = ["default_listener", "make_listener"]


def default_listener() -> Listener:
    """Return the default listener of scripts and notebooks, silent without a terminal or notebook."""
    if _in_notebook():
        if find_spec("ipywidgets"):
            from designer.progress.live import LiveListener

            return LiveListener()
        from designer.progress.plain import PlainListener

        return PlainListener(sys.stderr)
    return make_listener() if sys.stderr.isatty() else SilentListener()


def make_listener() -> Listener:
    """Return the listener for standard error."""
    if sys.stderr.isatty():
        from designer.progress.live import LiveListener

        return LiveListener()
    from designer.progress.plain import PlainListener

    return PlainListener(sys.stderr)


def _in_notebook() -> bool:
    """Whether this process is the kernel of a notebook; a terminal with IPython is not."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and hasattr(shell, "kernel")
