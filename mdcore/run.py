"""Run a simulation bundle on a machine without chemistry libraries: `python -m mdcore.run BUNDLE --out DIR`."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from pydantic import ValidationError

from mdcore.chem.errors import MDCoreError
from mdcore.dynamics.bundle import SimulationBundle
from mdcore.dynamics.progress import Progress
from mdcore.dynamics.runner import run
from mdcore.settings.execution import ExecutionSettings


def main(arguments: list[str] | None = None) -> int:
    """Run one bundle; progress goes to stderr, the summary as JSON to stdout.

    Returns:
        0 if the run finished, 1 if it failed, 2 for invalid input.
    """
    parser = argparse.ArgumentParser(prog="python -m mdcore.run", description=__doc__)
    parser.add_argument("bundle", type=Path, help="folder of the bundle")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder of the run; an interrupted run in it is resumed"
    )
    parser.add_argument("--platform", default="auto", help="auto, CUDA, HIP, OpenCL, CPU or Reference")
    parser.add_argument("--precision", default="mixed", help="single, mixed or double, on a GPU")
    parser.add_argument("--device-index", type=int, help="GPU to use")
    parser.add_argument("--threads", type=int, help="threads of the CPU platform")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    options = parser.parse_args(arguments)
    try:
        execution = ExecutionSettings.model_validate(
            {
                "platform": options.platform,
                "precision": options.precision,
                "device_index": options.device_index,
                "threads": options.threads,
            }
        )
        bundle = SimulationBundle.read(options.bundle)
    except ValidationError as error:
        first = error.errors()[0]
        print(f"{'.'.join(map(str, first['loc']))} {first['input']!r}: {first['msg']}", file=sys.stderr)
        return 2
    except MDCoreError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        summary = run(bundle, options.out, execution, None if options.quiet else _show)
    except MDCoreError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(asdict(summary)))
    return 0


def _show(progress: Progress) -> None:
    speed = "" if progress.ns_per_day is None else f"  {progress.ns_per_day:.1f} ns/day"
    left = "" if progress.remaining_s is None else f"  {progress.remaining_s:.0f} s left"
    print(f"\r{progress.fraction:6.1%}  {progress.stage}{speed}{left}    ", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
