"""What the fields mean, in Kubernetes' words: read from the docstrings of an installed package.

`lightkube-models` is generated from Kubernetes' own document and has every description in it. It is read as text,
one module at a time, when somebody asks. Without the package there are no descriptions, and nothing else changes.
"""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

_CLASS = re.compile(r'^class (\w+)\([^)]*\):\n    r?"""(.*?)"""', re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^ *\* \*\*(.+?)\*\* ``.*?`` - ", re.MULTILINE)


WIDTH = 78  # where the package breaks its lines


class Description(NamedTuple):
    """What a type is for, and what its fields mean."""

    text: str
    fields: dict[str, str]


NOTHING = Description("", {})


def available() -> bool:
    return _folder() is not None


def of(spelt: str, package: str) -> Description:
    """The description of a type, which is named as types.json spells it, and of the API group it belongs to."""
    version, _, name = spelt.rpartition("/")[2].partition(".")
    about, _, parameters = _docstrings(f"{package}_{version}").get(name, "").partition("**parameters**")
    words = _FIELD.split(parameters)[1:]  # name, description, name ...; words of Python end in _
    fields = {
        field.rstrip("_"): _unwrapped(said, "\n\n")
        for field, said in zip(words[::2], words[1::2], strict=True)
    }
    return Description(_unwrapped(about, "\n"), fields)


def _unwrapped(text: str, paragraph: str) -> str:
    """The text as it was before its lines were broken: a word that had fitted on the line above begins a new
    one. `paragraph` stands between paragraphs, for the package does not keep empty lines everywhere."""
    lines = [line.strip(" ") for line in text.strip().split("\n")]
    whole = lines[0]
    for above, line in pairwise(lines):
        fits = not line or not above or len(f"{above} {line.split()[0]}") <= WIDTH
        whole += (paragraph if fits else " ") + line
    return whole


@cache
def _docstrings(module: str) -> dict[str, str]:
    path = (_folder() or Path()) / f"{module}.py"
    return dict(_CLASS.findall(path.read_text("utf-8"))) if path.is_file() else {}


@cache
def _folder() -> Path | None:
    found = importlib.util.find_spec("lightkube")
    for folder in (found and found.submodule_search_locations) or ():
        if (Path(folder) / "models").is_dir():
            return Path(folder) / "models"
    return None
