"""Join the front end's files into the one module and the one style sheet a widget carries. No bundler.

Every file in `js/` is an ordinary ES module, so editors and `node --check` understand it. A notebook keeps
a copy of the front end per widget, so a widget gets only the panels it shows. Joining means: each file
becomes a function that returns its exports, and each `import` becomes an assignment.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from . import palette

JS = Path(__file__).with_name("js")
_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const) (\w+))", re.MULTILINE)
_AIR = re.compile(r"/\*.*?\*/\s*|\s*([{};])\s*|([:,])\s+", re.DOTALL)
_IDLE = re.compile(r"^\s*//.*\n|^[ \t]+", re.MULTILINE)


def esm(panels: Sequence[str]) -> str:
    """One ES module for a widget that shows `panels`; its default export is the widget's `render`."""
    names = list(dict.fromkeys(panels))
    table = ", ".join(f"{name}: ${name}.draw" for name in names)
    order: list[str] = []
    for name in [*names, *_needs("studio")]:
        _visit(name, order)
    return "\n".join([*map(_module, order), f"const PANELS = {{ {table} }};", _inlined("studio")])


def _visit(name: str, order: list[str]) -> None:
    """Append the modules `name` needs, then `name`, each once."""
    if name not in order:
        for need in _needs(name):
            _visit(need, order)
        order.append(name)


@cache
def css() -> str:
    """All style sheets. Not per panel: the browser keeps one per widget class, and the last one wins."""
    sheets = [JS / "studio.css", *sorted(set(JS.glob("*.css")) - {JS / "studio.css"})]
    text = "\n".join([palette.css(), *(sheet.read_text("utf-8") for sheet in sheets)])
    return _AIR.sub(r"\1\2", text)


def _module(name: str) -> str:
    exports = ", ".join(_EXPORT.findall(_text(name)))
    return f"const ${name} = (() => {{\n{_inlined(name)}return {{ {exports} }};\n}})();"


def _inlined(name: str) -> str:
    """A module's text with its imports turned into assignments and its exports bare."""
    return _EXPORT.sub("", _IMPORT.sub(r"const \1 = $\2;", _text(name)))


def _needs(name: str) -> list[str]:
    return [needed for _, needed in _IMPORT.findall(_text(name))]


@cache
def _text(name: str) -> str:
    """A module's text. Comments and indentation stay in the file; a notebook carries neither."""
    return _IDLE.sub("", (JS / f"{name}.js").read_text("utf-8"))
