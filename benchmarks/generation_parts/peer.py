"""XenonPy in its own environment, over pipes."""

import json
import os
import subprocess
from pathlib import Path

SCRIPT = Path(__file__).parent.parent / "generation_peer.py"


def peer_answer(peer: str, task: dict, ask=None):
    """Run one task in the peer's environment; `ask` returns the likelihoods that it requests."""
    to_us, from_peer = os.pipe()
    to_peer, from_us = os.pipe()
    # The peer uses file descriptors 3 and 4 for its two pipes.
    shell = f'exec 3<&{to_peer} 4>&{from_peer}; exec "$0" "$1"'
    process = subprocess.Popen(
        ["/bin/bash", "-c", shell, peer, str(SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        pass_fds=(to_peer, from_peer),
        text=True,
    )
    os.close(from_peer)
    os.close(to_peer)
    process.stdin.write(json.dumps(task))
    process.stdin.close()
    with os.fdopen(to_us) as questions, os.fdopen(from_us, "w") as answers:
        for line in questions:
            answers.write(json.dumps(ask(json.loads(line))) + "\n")
            answers.flush()
    document = process.stdout.read()
    if process.wait():
        raise RuntimeError(f"the peer {peer} exited with status {process.returncode}")
    return json.loads(document)
