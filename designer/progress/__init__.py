"""Progress of a campaign on standard error: a live view on a terminal, plain lines elsewhere."""

import sys

from designer.campaign.listener import Listener

__all__ = ["make_listener"]


def make_listener() -> Listener:
    """Return the listener that suits standard error."""
    if sys.stderr.isatty():
        from designer.progress.live import LiveListener

        return LiveListener()
    from designer.progress.plain import PlainListener

    return PlainListener(sys.stderr)
