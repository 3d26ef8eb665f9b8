"""Benchmarks against peers and goals: `python -m benchmarks.NAME --help`, from the root of the repository.

A script prints `{"benchmark": name, "figures": {...}, "environment": {...}}` as JSON; `--quick` takes at most ten minutes on two
cores. A full run writes `results/NAME.json`, which is committed. `common` holds shared code; a folder `NAME_parts` holds the
sections of a script, and `NAME_peer` runs in the environment of the peer.
"""
