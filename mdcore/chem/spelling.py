"""What to write instead of a text that is not SMILES: other notations of polymers, names, and characters that look alike."""

import re
import unicodedata
from collections.abc import Callable

MAX_CHARACTERS = 5000
"""Longest text that is read; a repeat unit of `MAX_ATOMS` fits easily."""

MAX_ATOMS = 1000
"""Most heavy atoms of a repeat unit, molecule or end group. The canonical key takes half a second there, and grows with the square."""

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
        text: What was written.
        reads: Whether a text is SMILES; what does not read is not suggested.
    """
    text = text.strip()
    if "{" in text:
        return _of_bigsmiles(text, reads)
    if strange := next((c for c in text if not c.isascii() or not (c.isprintable() or c.isspace())), None):
        name = unicodedata.name(strange, "a control character")
        plain = "".join(_LOOKALIKES.get(c, c if c.isascii() and c.isprintable() else "") for c in text)
        instead = f"write {plain!r}" if reads(plain) else "delete it"
        return f"the character U+{ord(strange):04X} ({name}) is not SMILES; {instead}"
    if any(c.isspace() for c in text):
        words = [word for word in text.split() if reads(word)]
        units = [word for word in (*words, "".join(text.split())) if word.count("*") == 2 and reads(word)]
        words = units or words
        instead = f"write {words[0]!r} alone" if words else "write the SMILES alone, without blanks"
        return f"SMILES has no blanks and no name beside it; {instead}"
    if label := _LABEL.search(text):
        starred = _LABEL.sub("*", text)
        instead = f"write {starred!r}" if starred.count("*") == 2 and reads(starred) else "write * there"
        return f"{label[0]} is no atom, and a star marks where a repeat unit joins its neighbours; {instead}"
    if repeated := _REPEATED.match(text):
        unit = _LABEL.sub("*", repeated["unit"] or repeated["bare"])
        bare = re.sub(r"H\d*(?![a-z])", "", unit).replace("-", "")
        for candidate in (unit, f"*{unit}*", f"*{bare}*"):
            if candidate.count("*") == 2 and reads(candidate):
                return f"a repeat unit is written once, with a star at each end; write {candidate!r}"
    if text.lower().startswith("poly"):
        return "this is a name; write the structure, such as *CC* for polyethylene"
    for opening, closing, name in (("(", ")", "parentheses"), ("[", "]", "brackets")):
        if (one := text.count(opening)) != (other := text.count(closing)):
            return f"{one} opening and {other} closing {name}; add or delete one"
    return "check brackets, ring closures and atom symbols"


def _of_bigsmiles(text: str, reads: Callable[[str], bool]) -> str:
    objects = _BIGSMILES.findall(text)
    units = [_DESCRIPTOR.sub("*", unit) for found in objects for unit in re.sub(r"\[\]$", "", found).split(",")]
    # Descriptors at the ends of the object, as in {[$]CC[$]}, belong to its only unit where that has none of its own.
    if len(units) == 1 and units[0].count("*") < 2:
        inner = text.strip("{}")
        units = [_DESCRIPTOR.sub("*", re.sub(r"^\[\]|\[\]$", "", inner))]
    good = [unit for unit in units if unit.count("*") == 2 and reads(unit)]
    if good and len(good) == len(units):
        what = "write" if len(good) == 1 else "give the repeat units one by one, as"
        return f"this is BigSMILES, of which pSMILES is one repeat unit; {what} {', '.join(map(repr, good))}"
    return "this is BigSMILES; write its repeat unit alone, with a star in place of each bonding descriptor"
