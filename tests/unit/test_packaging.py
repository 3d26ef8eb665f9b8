"""What is installed: the list of packages, the data files of the wheel, the recipes beside it."""

import ast
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACKAGES = ("designer", "generators", "mdcore", "surrogates")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def imported() -> set[str]:
    """Return the names of the distributions whose modules our packages import anywhere."""
    owners = packages_distributions()
    found = set()
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            found |= {canonicalize_name(owner) for name in names for owner in owners.get(name.split(".")[0], [])}
    return found


def test_the_packages_that_are_never_imported_are_explained() -> None:
    listed = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    page = (ROOT / "docs" / "installation.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"`([a-z-]+)`", page.split("never imported here**:")[1].split("are what the")[0]))
    # `openff` is a namespace that several distributions share: their names cannot be told apart by an import.
    shared = {name for name in listed if name.startswith("acellera-")}
    assert listed - imported() - shared == explained - shared


def test_every_extra_is_in_the_table() -> None:
    page = (ROOT / "docs" / "installation.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", page, flags=re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)}
    assert set(PROJECT["optional-dependencies"]) - {"test"} <= named


def test_openmm_and_its_cuda_platform_have_the_same_range() -> None:
    openmm = [Requirement(text) for text in PROJECT["dependencies"] if Requirement(text).name == "openmm"]
    cuda = [Requirement(text) for text in PROJECT["optional-dependencies"]["gpu"] if "openmm" in text]
    assert [(str(r.specifier), str(r.marker)) for r in openmm] == [(str(r.specifier), str(r.marker)) for r in cuda]
    assert openmm[0].specifier.contains("8.3.1")
    assert not openmm[0].specifier.contains("8.4.0")


def test_version_citation_and_changelog_agree() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert (citation["title"], citation["license"]) == (PROJECT["name"], PROJECT["license"])
    assert citation["version"] == PROJECT["version"]
    releases = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert releases[:2] == ["Unreleased", f"{PROJECT['version']} - {citation['date-released']}"]


def test_pre_commit_runs_what_make_check_runs() -> None:
    recipe = (ROOT / "Makefile").read_text().split("\ncheck:")[1].split("\n\n")[0]
    commands = re.findall(r"^\t\$\(BIN\)/(.+)$", recipe, re.M)
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [hook["entry"] for hook in repository["hooks"]] == [f".venv/bin/{command}" for command in commands]
    assert len(commands) == 5


@pytest.mark.slow
def test_the_wheel_holds_every_data_file(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    tracked = subprocess.run(
        ["git", "ls-files", *PACKAGES, "pyproject.toml", "README.md", "LICENSE"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    for name in tracked:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path),
        ".",
    ]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    if "setuptools" in done.stderr and done.returncode:
        pytest.skip(f"no setuptools of at least version 77 here: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    held = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in tracked if name.startswith(PACKAGES)} - held == set()


def test_the_container_copies_what_it_installs() -> None:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = {word for line in lines if line.startswith("COPY") for word in line.split()[1:-1]}
    assert set(PACKAGES) | {"pyproject.toml", "constraints.txt", "README.md", "LICENSE"} <= copied
    assert all((ROOT / name).exists() for name in copied)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    assert copied & set(ignored) == set()


def test_the_conda_environment_takes_the_packages_from_one_place() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = [item for item in environment["dependencies"] if isinstance(item, str)]
    assert {re.split("[=<>]", item)[0] for item in conda} == {"python", "pip"}
    (pip,) = (item["pip"] for item in environment["dependencies"] if isinstance(item, dict))
    assert pip == ["-c constraints.txt", "-e ."]
