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
    table = ", ".join(f"{name}: ${name}.draw" for name in dict.fromkeys(panels))
    modules = [_module(name) for name in _order(panels)]
    return "\n".join([*modules, f"const PANELS = {{ {table} }};", _inlined("studio")])


def css(panels: Sequence[str]) -> str:
    """One style sheet for a widget that shows `panels`: the studio's, then those of the modules it carries."""
    sheets = (JS / f"{name}.css" for name in ["studio", *_order(panels)])
    text = "\n".join([palette.css(), *(sheet.read_text("utf-8") for sheet in sheets if sheet.exists())])
    return _AIR.sub(r"\1\2", text)


def _order(panels: Sequence[str]) -> list[str]:
    """The modules that these panels and the studio need, each once and after those it needs itself."""
    order: list[str] = []
    for name in [*panels, *_needs("studio")]:
        _visit(name, order)
    return order


def _visit(name: str, order: list[str]) -> None:
    """Append the modules `name` needs, then `name`, each once."""
    if name not in order:
        for need in _needs(name):
            _visit(need, order)
        order.append(name)


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
