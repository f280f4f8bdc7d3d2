"""The architecture is a table, `k8slearn.rooms.ROOMS`; here every import in the package is held against it.

Imports inside functions and under `if TYPE_CHECKING` count like any other: who knows a name depends on it.
"""

from __future__ import annotations

import ast
import graphlib
import pathlib
import sys
from collections.abc import Iterator

import pytest

from k8slearn.rooms import CORE_WHEELS, ROOMS, WORLDLY

PACKAGE = pathlib.Path(__file__).resolve().parent.parent / "k8slearn"
FRONT = "k8slearn"  # the package's own __init__, which may hand out a few names of any room
WORLD_MODULES = frozenset(
    "_thread asyncio concurrent http multiprocessing random secrets select selectors signal socket ssl "
    "subprocess threading time urllib.error urllib.request".split()
)
WORLD_CALLS = frozenset(
    "datetime.now datetime.today datetime.utcnow date.today os.urandom uuid.uuid1 uuid.uuid4".split()
)
HIDDEN = frozenset({"__import__", "importlib.import_module", "import_module", "exec", "eval"})


def files() -> list[pathlib.Path]:
    """Every Python file of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def module_of(path: pathlib.Path) -> str:
    """`k8slearn/lab/panels/map.py` is `lab.panels.map`; a room's `__init__.py` is `lab.__init__`."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def room_of(module: str) -> str:
    """The room a module is in, or FRONT for the package's own `__init__`."""
    first = module.split(".")[0]
    return FRONT if first == "__init__" else first


def violations(module: str, source: str) -> list[str]:
    """What in this source the table forbids, one sentence each."""
    room, tree = room_of(module), ast.parse(source)
    worldly = room in WORLDLY or module in WORLDLY
    found = [
        f"{module}:{line} {why}"
        for line, name in imports(tree, module)
        if (why := verdict(room, name, worldly))
    ]
    for line, call in calls(tree):
        if call in HIDDEN and room not in (FRONT, "lab", "testing"):
            found.append(f"{module}:{line} hides an import or code behind {call}()")
        if any(call == world or call.endswith(f".{world}") for world in WORLD_CALLS) and not worldly:
            found.append(f"{module}:{line} calls {call}(): only {', '.join(sorted(WORLDLY))} may")
    return found


def verdict(room: str, name: str, worldly: bool) -> str:
    """Why this room may not import this dotted name, or nothing."""
    top, _, rest = name.partition(".")
    if top == "k8slearn":
        target = rest.split(".")[0] if rest else FRONT
        target = target if target in ROOMS else FRONT
        allowed = room in (target, FRONT) or target in ROOMS[room].may_import
        outermost = target == FRONT and {"sim", "live"} & ROOMS.get(room, ROOMS["cli"]).may_import
        return "" if allowed or outermost else f"imports {name}: {room} may not import {target}"
    if top in sys.stdlib_module_names:
        return (
            f"imports {name}: only {', '.join(sorted(WORLDLY))} may"
            if {top, name, name.rpartition(".")[0]} & WORLD_MODULES and not worldly
            else ""
        )
    wheels = CORE_WHEELS | (ROOMS[room].wheels if room in ROOMS else frozenset())
    return "" if top in wheels else f"imports {name}, which {room} may not need"


def imports(tree: ast.AST, module: str) -> Iterator[tuple[int, str]]:
    """(line, absolute dotted name) of everything imported anywhere in the tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = ["k8slearn", *module.split(".")][: -node.level]
                base = ".".join([*above, *base.split(".")]).rstrip(".")
            names = [f"{base}.{alias.name}" for alias in node.names] if base == "k8slearn" else [base]
            yield from ((node.lineno, name) for name in names)


def calls(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every call of a plain name or attribute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node.lineno, ast.unparse(node.func)


@pytest.mark.parametrize("path", files(), ids=module_of)
def test_no_import_crosses_the_table(path: pathlib.Path) -> None:
    assert violations(module_of(path), path.read_text(encoding="utf-8")) == []


def test_every_file_is_in_a_room() -> None:
    assert {room_of(module_of(path)) for path in files()} <= {*ROOMS, FRONT}


def test_every_room_introduces_itself() -> None:
    for room in (path for path in files() if path.name == "__init__.py"):
        assert ast.get_docstring(ast.parse(room.read_text(encoding="utf-8"))), f"{room} says nothing"


def test_the_table_has_no_circle_and_names_only_rooms() -> None:
    order = list(
        graphlib.TopologicalSorter({name: room.may_import for name, room in ROOMS.items()}).static_order()
    )
    assert set(order) == set(ROOMS)
    assert order.index("api") < order.index("machinery") < order.index("controllers") < order.index("cluster")


def test_players_are_blind_to_each_other_and_to_the_server() -> None:
    for player in ("controllers", "scheduler", "node", "clouds", "operators"):
        assert ROOMS[player].may_import == {"machinery", "client", "api"}
    assert not {"sim", "live"} & (ROOMS["sim"].may_import | ROOMS["live"].may_import)
    assert not {"apiserver", "store"} & (ROOMS["client"].may_import | ROOMS["machinery"].may_import)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("controllers.deployment", "from k8slearn.scheduler import queue"),
        ("controllers.deployment", "from k8slearn import store"),
        ("controllers.deployment", "from k8slearn import __version__"),
        ("controllers.deployment", "from ..scheduler.queue import Queue"),
        ("controllers.__init__", "from .. import node"),
        ("client.client", "def f():\n    import k8slearn.apiserver.server"),
        (
            "client.client",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from k8slearn.store import log",
        ),
        ("client.client", "import importlib\nimportlib.import_module('k8slearn.store')"),
        ("api.objects", "from k8slearn.client import client"),
        ("sim.simulation", "from k8slearn.live import server"),
        ("testing.plugin", "from k8slearn.lab import show"),
        ("machinery.queue", "import time"),
        ("machinery.queue", "from random import Random"),
        ("machinery.queue", "def f():\n    from threading import Lock"),
        ("machinery.queue", "import datetime\ndatetime.datetime.now()"),
        ("machinery.queue", "from uuid import uuid4\nimport uuid\nuuid.uuid4()"),
        ("lab.studio", "import time"),
        ("cluster", "import matplotlib"),
        ("api.objects", "import rich"),
    ],
)
def test_it_can_fail(module: str, source: str) -> None:
    assert len(violations(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "controllers.deployment",
            "from ..machinery.controller import Controller\nfrom . import names\nimport yaml",
        ),
        ("sim.dice", "import random\nfrom k8slearn.cluster import Cluster"),
        ("lab.launch", "import time\nimport jupyterlab"),
        ("lab.figures", "def f():\n    import matplotlib.pyplot"),
        ("api.clock", "import datetime\ndatetime.datetime.fromisoformat('2026-01-01')"),
        ("__init__", "from k8slearn.sim.simulation import Simulation"),
        ("cli", "from k8slearn import __version__"),
    ],
)
def test_it_does_not_fail_for_nothing(module: str, source: str) -> None:
    assert violations(module, source) == []
