"""The plug-ins of docs/extending.md, imported as they stand there."""

import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "extending.md"


def code_of(text: str) -> str:
    """Return the only block of Python on the page that holds a text."""
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    (block,) = (block for block in blocks if text in block)
    return str(block)


def module_of(name: str, code: str) -> Any:
    """Return a module made of code of the page."""
    module = ModuleType(name)
    sys.modules[name] = module  # pydantic looks names up there
    exec(compile(code, f"{PAGE.name}:{name}", "exec"), module.__dict__)
    return module


ANNEAL_CODE = code_of("class AnnealStage")
DIPOLE_CODE = code_of("def read_dipole")
AnnealStage = module_of("extending_anneal", ANNEAL_CODE).AnnealStage
DIPOLE = module_of("extending_dipole", DIPOLE_CODE).DIPOLE
