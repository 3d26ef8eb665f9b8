"""The JSON documents that the commands print, frozen in `golden/json`.

`python tests/golden_json.py` writes them anew; only a change of the documents that is meant and in the changelog is a reason to.
"""

import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from designer.cli.main import run

HERE = Path(__file__).parent / "golden" / "json"

LABORATORY = """
name: bench
folder: {folder}/run
objectives: [{{property: density}}, {{property: refractive_index}}]
initial: {{kind: list, psmiles: ['*CC*', '*CCO*', '*CC(*)C', '*CC(*)c1ccccc1']}}
corpus: {{reactions: false}}
novelty: allowed
generator: {{order: 4, pool: 8, smc: {{particles: 16, max_top_up: 5}}}}
constraints: {{max_heavy_atoms: 8, elements: [H, C, O]}}
cluster: {{kind: outside}}
stop: {{evaluations: {evaluations}}}
"""
KNOWN = """psmiles,density,Cp,glass_transition_temperature
*CC*,0.86,2300,195
*CC(*)C,0.85,2100,264
*CC(*)CC,0.87,2050,249
*CC(*)C(C)C,0.86,1900,
*CC(*)c1ccccc1,1.05,1210,373
*CC(*)OC,1.03,1800,242
*CC(*)OC(C)=O,1.19,1500,305
*CC(*)(C)C(=O)OC,1.18,1400,378
*CC(*)C(=O)OC,1.22,1550,283
*CCO*,1.13,1800,206
*CO*,1.25,1400,190
*CCCCO*,0.98,1900,189
*CC(*)Cl,1.39,950,354
*CC(*)C#N,1.17,1240,370
*CC(*)O,1.29,1550,358
*CC,1.0,1000,300
"""
RESULTS = """candidate,property,value,stderr,unit,fidelity
1,density,0.86,0.01,g/cm3,experiment
1,refractive_index,1.48,0.002,1,experiment
2,density,1.13,0.01,g/cm3,experiment
2,refractive_index,1.455,0.002,1,experiment
3,density,0.85,0.01,g/cm3,experiment
3,refractive_index,1.47,0.002,1,experiment
4,density,1.05,0.01,g/cm3,experiment
4,refractive_index,1.592,0.002,1,experiment
"""
MAP = ("--column", "Cp=heat_capacity_cp:J/kg/K")
TINY = (
    "cell.n_chains=2", "cell.atoms_per_chain=60", "cell.growth_density_g_cm3=0.3", "force_field.cutoff_nm=0.45",
    "force_field.switch_width_nm=0.05", "protocol.compress_ps=1", "protocol.melt_ps=1", "protocol.cool_ps=1",
    "protocol.settle_ps=0.5", "protocol.sample_ps=2", "protocol.record_interval_ps=0.1", "execution.threads=1",
)  # fmt: skip

# In the order in which they are called: the later ones read what the earlier ones wrote.
COMMANDS: dict[str, tuple[str, ...]] = {
    "init": ("init", "made.yaml", "--objective", "maximise:density", "--name", "made", "--workers", "2", "--json"),
    "validate": ("validate", "bench.yaml", "--json"),
    "import": ("import", "known.csv", "bench.yaml", "--fidelity", "md-gaff2", *MAP, "--json"),
    "ask": ("ask", "bench.yaml", "--n", "4", "--format", "json"),
    "tell": ("tell", "bench.yaml", "results.csv", "--json"),
    "ask_chosen": ("ask", "bench.yaml", "--n", "1", "--format", "json"),
    "correct": (
        "correct", "bench.yaml", "--property", "density", "--evaluation", "1", "--value", "0.87", "--reason", "typo", "--json"
    ),
    "withdraw": ("withdraw", "bench.yaml", "--evaluation", "3", "--reason", "wet sample", "--json"),
    "status": ("status", "bench.yaml", "--json"),
    "report": ("report", "bench.yaml", "--json"),
    "export": ("export", "bench.yaml", "--format", "json"),
    "export_corrections": ("export", "bench.yaml", "--corrections", "--format", "json"),
    "backup": ("backup", "bench.yaml", "copy.sqlite", "--json"),
    "migrate": ("migrate", "copy.sqlite", "--json"),
    "compare": ("compare", "bench.yaml", "copy.sqlite", "--json"),
    "run_finished": ("run", "done.yaml", "--no-report", "--json"),
    "fit": ("fit", "known.csv", "--property", "density", "--folds", "3", "--out", "fit", "--json"),
    "predict": ("predict", "fit", "units.csv", "--json"),
    "predict_store": ("predict", "bench.yaml", "units.csv", "--json"),
    "backtest": (
        "backtest", "bench.yaml", "--oracle", "oracle.csv", "--seeds", "1", "--batch", "3", "--evaluations", "6", "--start", "4",
        "--workers", "1", "--strategy", "random", "--strategy", "campaign", "--json",
    ),
    "route": ("route", "*CC(*)c1ccccc1", "--json"),
    "enumerate": ("enumerate", "monomers.csv", "--out", "made.csv", "--json"),
    "corpus": ("corpus", "--no-reactions", "--json"),
    "generate": ("generate", "--n", "2", "--reactions", "--monomers", "monomers.csv", "--seed", "3", "--json"),
    "simulate": (
        "simulate", "*CC(*)C", "--seed", "1", "--properties", "density,slowly_cooled_density,refractive_index",
        "--optics", "additive", "--json", *(word for text in TINY for word in ("--set", text)),
    ),
    "doctor": ("doctor", "--json"),
}  # fmt: skip

SHAPES = frozenset({"simulate", "doctor"})
"""Commands whose answers depend on the machine; keys and types are frozen."""

_TIME = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_OF_THE_MACHINE = frozenset({"version", "program", "git_revision", "who", "elapsed_s", "cache", "bytes"})
"""Keys whose values change from run to run."""


def answers(folder: Path, names: tuple[str, ...] = tuple(COMMANDS)) -> dict[str, dict[str, Any]]:
    """Return what commands print when they are called one after the other in a folder."""
    _write_files(folder)
    with _working_in(folder):
        return {name: _answer(name, COMMANDS[name], folder) for name in names}


def frozen(name: str) -> dict[str, Any]:
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


def _answer(name: str, arguments: tuple[str, ...], folder: Path) -> dict[str, Any]:
    status, text = _printed(arguments)
    document = json.loads(text)
    plain = _shape(document) if name in SHAPES else _plain(document, str(folder))
    return {"arguments": list(arguments), "status": status, "answer": plain}


def _printed(arguments: tuple[str, ...]) -> tuple[int, str]:
    """Run a command and return its exit status and what it wrote to standard output, be it by C."""
    sys.stdout.flush()
    saved = os.dup(1)
    with tempfile.TemporaryFile() as file:
        os.dup2(file.fileno(), 1)
        try:
            status = run(arguments)
        finally:
            os.dup2(saved, 1)
            os.close(saved)
        file.seek(0)
        return status, file.read().decode()


def _plain(value: Any, folder: str, key: str = "") -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(item, folder, name) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, folder, key) for item in value]
    if key in _OF_THE_MACHINE or (key == "at" and isinstance(value, float)):
        return key
    return _TIME.sub("TIME", value.replace(folder, "FOLDER")) if isinstance(value, str) else value


def _shape(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def _write_files(folder: Path) -> None:
    from made_stores import make_store

    files = {
        "bench.yaml": LABORATORY.format(folder=folder, evaluations=9),
        "known.csv": KNOWN,
        "oracle.csv": "psmiles,density,refractive_index\n" + "".join(
            f"*CC(*)(C){side},{0.9 + 0.02 * n:.2f},{1.45 + 0.03 * (n % 5):.2f}\n"
            for n, side in enumerate(("C", "CC", "OC", "O", "C(=O)C", "OC(C)=O", "C(=O)OC", "CO", "COC", "CCC"))
        ),
        "results.csv": RESULTS,
        "units.csv": "psmiles\n*CC(*)OCC\n*CCCO*\n",
        "monomers.csv": "smiles,name\nC=Cc1ccccc1,styrene\nC=CC(=O)OC,methyl acrylate\nC1CO1,oxirane\n",
    }  # fmt: skip
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    make_store(folder / "finished", "done")
    document = {"name": "done", "folder": str(folder / "finished"), "objectives": [{"property": "density"}]}
    (folder / "done.yaml").write_text(json.dumps(document | {"stop": {"evaluations": 4}}))  # JSON is YAML


@contextmanager
def _working_in(folder: Path) -> Iterator[None]:
    before, cache = Path.cwd(), os.environ.get("XDG_CACHE_HOME")
    os.chdir(folder)
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.pop("XDG_CACHE_HOME") if cache is None else os.environ.__setitem__("XDG_CACHE_HOME", cache)


def main() -> None:
    HERE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        chosen = tuple(sys.argv[1:]) or tuple(COMMANDS)
        for name, found in answers(Path(folder).resolve(), chosen).items():
            text = json.dumps(found, indent=1, ensure_ascii=False, sort_keys=False)
            (HERE / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
