"""The file with which somebody says what shall run: his controllers. Or, instead of a file, our scheduler."""

from __future__ import annotations

import importlib.util
import sys
import traceback
from pathlib import Path

from k8slearn.cluster import Component
from k8slearn.machinery import Controller
from k8slearn.scheduler import EVERYTHING, Scheduler


class BadOperatorFile(Exception):
    """The file cannot be run. The message names it, the line, and what to do."""


def load_operators(path: Path) -> list[Component]:
    """``OPERATORS`` of the file, or every Controller that is defined in it. Raises BadOperatorFile."""
    if not path.is_file():
        raise BadOperatorFile(f"{path}: there is no such file")
    name = _module_name(path.stem)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise BadOperatorFile(f"{path}: this is no Python file; its name must end with .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that what is in it can be pickled
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise BadOperatorFile(f"{place(error, path)}: {type(error).__name__}: {error}") from error
    found = getattr(module, "OPERATORS", None)
    if found is None:
        found = [each for each in vars(module).values() if _is_operator(each, module.__name__)]
    if not found:
        raise BadOperatorFile(
            f"{path}: no controller is defined in it; write a class that extends k8slearn.Controller, or name "
            "yours in a list OPERATORS"
        )
    return list(found)


def _module_name(stem: str) -> str:
    """People call such a file operator.py, and Python has a module of that name."""
    return f"{stem}_file" if stem in sys.stdlib_module_names or stem in sys.modules else stem


def _is_operator(each: object, module: str) -> bool:
    is_one = isinstance(each, type) and issubclass(each, Controller) and each.__module__ == module
    return is_one and not each.__name__.startswith("_")  # type: ignore[attr-defined]


def a_scheduler(name: str) -> Component:
    """Ours, with all default plugins, for the pods whose ``spec.schedulerName`` is `name`."""

    class Named(Scheduler):
        def __init__(self) -> None:
            super().__init__(name, watches=EVERYTHING)

    return Named


def place(error: Exception, path: Path) -> str:
    """``my_operator.py, line 12``: the last line of the file that the error came through."""
    if isinstance(error, SyntaxError) and error.lineno:
        return f"{path}, line {error.lineno}"
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    return f"{path}, line {lines[-1]}" if lines else str(path)
