"""Suggestions for texts that are not SMILES: other polymer notations, names, and look-alike characters."""

import re
import unicodedata
from collections.abc import Callable

MAX_CHARACTERS = 5000
"""Maximum length of a text in characters, ample for a repeat unit of `MAX_ATOMS`."""

MAX_ATOMS = 1000
"""Maximum number of heavy atoms of a repeat unit, molecule or end group. The canonical key takes 0.5 s at this size."""

_LABEL = re.compile(r"\[(?:R|X|Y|Q|Z|A|Pol|poly)\d*'*\]")
_BIGSMILES = re.compile(r"\{(?:\[[^\[\]]*\])?(?P<units>[^{};]*)(?:;[^{}]*)?\}")
_DESCRIPTOR = re.compile(r"\[[$<>]\d*\]")
_REPEATED = re.compile(r"^-?[\[(](?P<unit>.+)[\])]-?_?n?$|^(?P<bare>.+?)_?n$")
_LOOKALIKES = {
    "\u2217": "*",
    "\u204e": "*",
    "\uff0a": "*",
    "\u22c6": "*",
    "\u2010": "-",
    "\u2011": "-",
    "\u2013": "-",
    "\u2212": "-",
}


def remedy(text: str, reads: Callable[[str], bool]) -> str:
    """Return why a text is not SMILES and what to write instead.

    Args:
        text: The input.
        reads: Returns whether a text is valid SMILES; only valid texts are suggested.
    """
    text = text.strip()
    if "{" in text:
        return _of_bigsmiles(text, reads)
    if strange := next((c for c in text if not c.isascii() or not (c.isprintable() or c.isspace())), None):
        name = unicodedata.name(strange, "a control character")
        plain = "".join(_LOOKALIKES.get(c, c if c.isascii() and c.isprintable() else "") for c in text)
        instead = f"write {plain!r}" if reads(plain) else "delete it"
        return f"the character U+{ord(strange):04X} ({name}) is not allowed in SMILES; {instead}"
    if any(c.isspace() for c in text):
        words = [word for word in text.split() if reads(word)]
        units = [word for word in (*words, "".join(text.split())) if word.count("*") == 2 and reads(word)]
        words = units or words
        instead = f"write {words[0]!r} alone" if words else "write the SMILES alone, without spaces"
        return f"SMILES must not contain spaces or a name; {instead}"
    if label := _LABEL.search(text):
        starred = _LABEL.sub("*", text)
        instead = f"write {starred!r}" if starred.count("*") == 2 and reads(starred) else "write * there"
        return f"{label[0]} is not an atom; the bonds to neighbouring units are marked with stars; {instead}"
    if repeated := _REPEATED.match(text):
        unit = _LABEL.sub("*", repeated["unit"] or repeated["bare"])
        bare = re.sub(r"H\d*(?![a-z])", "", unit).replace("-", "")
        for candidate in (unit, f"*{unit}*", f"*{bare}*"):
            if candidate.count("*") == 2 and reads(candidate):
                return f"give the repeat unit alone, with a star at each end; write {candidate!r}"
    if text.lower().startswith("poly"):
        return "names are not supported; write the structure, such as *CC* for polyethylene"
    for opening, closing, name in (("(", ")", "parentheses"), ("[", "]", "brackets")):
        if (one := text.count(opening)) != (other := text.count(closing)):
            return f"{one} opening and {other} closing {name}; add or delete one"
    return "check brackets, ring closures and atom symbols"


def _of_bigsmiles(text: str, reads: Callable[[str], bool]) -> str:
    objects = _BIGSMILES.findall(text)
    units = [_DESCRIPTOR.sub("*", unit) for found in objects for unit in re.sub(r"\[\]$", "", found).split(",")]
    # Descriptors at the ends of the object, as in {[$]CC[$]}, belong to its only unit if that has none.
    if len(units) == 1 and units[0].count("*") < 2:
        inner = text.strip("{}")
        units = [_DESCRIPTOR.sub("*", re.sub(r"^\[\]|\[\]$", "", inner))]
    good = [unit for unit in units if unit.count("*") == 2 and reads(unit)]
    if good and len(good) == len(units):
        what = "write" if len(good) == 1 else "give the repeat units one by one, as"
        return f"BigSMILES is not supported, only the pSMILES of a repeat unit; {what} {', '.join(map(repr, good))}"
    return "BigSMILES is not supported; write its repeat unit alone, with a star in place of each bonding descriptor"
