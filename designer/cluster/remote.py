"""Run a worker on a machine accessed by SSH; options come on standard input, so that other users cannot read them."""

import json
import os
import sys

from designer.cluster.scratch import user_folder


def main() -> None:
    """Read one line of JSON and run the worker until it is stopped."""
    order = json.loads(sys.stdin.readline())
    # Read by Dask on import, also in the processes that it starts.
    os.environ["DASK_INTERNAL_INHERIT_CONFIG"] = order["configuration"]
    from distributed.cli import dask_spec

    try:
        folder = user_folder(order["scratch"])
    except OSError as error:
        sys.exit(str(error))
    spec = {"0": {"cls": "distributed.Nanny", "opts": {**order["options"], "local_directory": str(folder)}}}
    dask_spec.main([order["scheduler"], "--spec", json.dumps(spec)])


if __name__ == "__main__":
    main()
