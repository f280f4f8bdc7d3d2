"""`show(x)`: whatever it is, shown as it should be read.

Living source (a class, a function, a module: never a copy that could grow old), objects as the YAML people
know, traces and steps as tables. Each has a plain-text form as well.
"""

from __future__ import annotations

import html
import inspect
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any

import yaml

from k8slearn.api.errors import ApiError
from k8slearn.api.manifests import ManifestError
from k8slearn.api.objects import edit
from k8slearn.client.messages import message_for
from k8slearn.lab import story
from k8slearn.sim.trace import Step, Trace


class Shown:
    """Something to be read: plain text for the terminal and the printed page, HTML for the notebook."""

    def __init__(self, text: str, markup: str) -> None:
        self.text = text
        self.markup = markup

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return self.markup


def show(thing: Any) -> Shown:
    """Source code, an object, a list of objects or steps, a trace, an error."""
    for kinds, how in KINDS:
        if isinstance(thing, kinds):
            return how(thing)
    raise TypeError(
        f"show() does not know how to show a {type(thing).__name__}: give it a class or function, "
        "an object (a dict), a trace, a step, or an error"
    )


def files(texts: Mapping[str, str]) -> Shown:
    """YAML files as they are written, with their comments, each under its path."""
    said = "\n".join(f"# --- {path}\n{text.strip()}\n" for path, text in texts.items())
    parts = (
        f"<small>{html.escape(path)}</small>{highlight(text.strip(), 'yaml')}" for path, text in texts.items()
    )
    return Shown(said, "".join(parts))


def source(thing: Any) -> Shown:
    """The code that is really running, with the place where it stands."""
    text = inspect.getsource(thing)
    module = inspect.getmodule(thing)
    where = f"{module.__name__}, line {inspect.getsourcelines(thing)[1] or 1}" if module else ""
    return Shown(text, f"<small>{html.escape(where)}</small>{highlight(text, 'python')}")


def obj(thing: dict[str, Any]) -> Shown:
    """An API object as YAML."""
    text = yaml.safe_dump(edit(thing), sort_keys=False, allow_unicode=True)
    return Shown(text, highlight(text, "yaml"))


def objects(things: list[Any]) -> Shown:
    """Objects, or steps, one after the other."""
    if all(isinstance(t, Step) for t in things):
        return table(things)
    parts = [show(t) for t in things]
    texts = (f"{part.text.rstrip()}\n" for part in parts)
    return Shown("---\n".join(texts), "<hr>".join(part.markup for part in parts))


def table(steps: Iterable[Step]) -> Shown:
    """Steps as a table: who did what, when, and because of which steps."""
    rows = [
        (
            s.number,
            f"{s.time:g}",
            s.player,
            s.action,
            f"{story.plain(s.resource)} {s.key}".strip(),
            _did(s),
            _because(s),
        )
        for s in steps
    ]
    head = ("step", "t (s)", "who", "what", "which", "came of it", "because of")
    text = "\n".join(str(s) for s in steps)
    cells = [_row("td", row) for row in rows]
    return Shown(text, f"<table class='k8s-trace'><thead>{_row('th', head)}</thead>{''.join(cells)}</table>")


def _row(tag: str, values: Iterable[Any]) -> str:
    inner = "".join(f"<{tag} style='text-align:left'>{html.escape(str(v))}</{tag}>" for v in values)
    return f"<tr>{inner}</tr>"


def _did(step: Step) -> str:
    """What came of it, briefly: Events left out, calls of one kind counted. (The text twin has every call.)"""
    heard = step.result if step.action == "deliver" or not step.calls else ""
    return "; ".join(filter(None, [heard, story.actions(step.calls)])) or step.result


def _because(step: Step) -> str:
    return ", ".join(map(str, step.causes))


def trace(thing: Trace) -> Shown:
    return table(thing.steps)


def card(error: Exception) -> Shown:
    """What was refused, in kubectl's words: a short card, no traceback."""
    text = message_for(error) if isinstance(error, ApiError) else str(error)
    style = (
        "border-left:4px solid #D55E00;padding:.4em .8em;margin:.2em 0;font-family:var(--jp-code-font-family)"
    )
    return Shown(
        text, f"<div role='alert' style='{style}'>{html.escape(text).replace(chr(10), '<br>')}</div>"
    )


CODE = "background:none;margin:.4em 0;line-height:1.35;font-size:var(--jp-code-font-size);overflow-x:auto"


def highlight(text: str, language: str) -> str:
    """Code in the colours of the notebook's theme, if the highlighter is there (it comes with JupyterLab)."""
    try:
        from pygments import highlight as paint
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import get_lexer_by_name
    except ImportError:
        return f"<pre>{html.escape(text)}</pre>"
    # JupyterLab brings the colours of "highlight" along, for light and for dark.
    body = paint(text, get_lexer_by_name(language), HtmlFormatter(nowrap=True))
    return f"<div class='highlight' style='background:none'><pre style='{CODE}'>{body}</pre></div>"


def _one_step(step: Step) -> Shown:
    return table([step])


KINDS: tuple[tuple[Any, Callable[[Any], Shown]], ...] = (
    (Trace, trace),
    (Step, _one_step),
    ((ApiError, ManifestError), card),
    (dict, obj),
    (list, objects),
    ((type, FunctionType, MethodType, ModuleType), source),
)
