"""A worker on a machine accessed by SSH."""

import json
import shlex
import sys
from typing import Any

import dask
from distributed.deploy.ssh import Process


class SSHWorker(Process):
    """Starts `designer.cluster.remote` on the machine and sends it the options through standard input.

    Dask's own class passes the options on the command line, which all users of the machine can read.

    Args:
        scheduler: Address of the scheduler.
        address: The machine.
        connect_options: Arguments of `asyncssh.connect`.
        options: Arguments of `distributed.Nanny`.
        python: Python interpreter there; the path of the present one by default.
        scratch: Folder for its files there; the folder for temporary files by default.
        name: Name of the worker.
    """

    def __init__(
        self,
        scheduler: str,
        address: str,
        connect_options: dict[str, Any],
        options: dict[str, Any],
        python: str | None = None,
        scratch: str | None = None,
        name: object = None,
    ) -> None:
        super().__init__(name=name)  # type: ignore[no-untyped-call]
        self.address = address
        self._scheduler, self._connect_options, self._options = scheduler, connect_options, options
        self._python, self._scratch = python or sys.executable, scratch

    async def start(self) -> None:
        """Connect, start the worker, and wait until it has registered.

        Raises:
            RuntimeError: The worker ended before that.
        """
        import asyncssh

        order = {
            "scheduler": self._scheduler,
            "configuration": dask.config.serialize(dask.config.global_config),
            "options": self._options,
            "scratch": self._scratch,
        }
        self.connection = await asyncssh.connect(self.address, **self._connect_options)
        self.proc = await self.connection.create_process(f"{shlex.quote(self._python)} -m designer.cluster.remote")
        self.proc.stdin.write(json.dumps(order) + "\n")
        self.proc.stdin.write_eof()
        said = ""
        while "worker at" not in said:
            said = await self.proc.stderr.readline()
            if not said.strip():
                raise RuntimeError("Worker failed to start")
        await super().start()  # type: ignore[no-untyped-call]
