"""``k8slearn up``: start a control plane, say how to reach it, serve until Ctrl-C.

Exit codes: 0, it was stopped; 2, it could not start (the message says why and what to do).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import shlex
import signal
import sys
import time
from pathlib import Path
from typing import Any

import click
import yaml

from k8slearn.api import quantities
from k8slearn.live.controlplane import ControlPlane, Settings
from k8slearn.node import stages

MOST_NODES = 10_000
NODE_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
TABLES = {"realistic": stages.REALISTIC, "hollow": stages.HOLLOW}


class CannotStart(Exception):
    """What is wrong, and what to do about it."""


def settings_of(*, nodes: str, kubeconfig: str | None, stages: str, **others: Any) -> Settings:
    """Settings from what was typed. Raises CannotStart."""
    path = Path(kubeconfig) if kubeconfig else None
    check_size("cpu", others["cpu"])
    check_size("memory", others["memory"])
    return Settings(nodes=read_nodes(nodes), kubeconfig=path, stages=read_stages(stages), **others)


def read_nodes(text: str) -> int | list[str]:
    """A number of machines, or their names."""
    if text.isdigit():
        if int(text) > MOST_NODES:
            raise CannotStart(f"--nodes {text}: at most {MOST_NODES}")
        return int(text)
    names = text.split(",")
    for name in names:
        if not NODE_NAME.fullmatch(name) or names.count(name) > 1:
            raise CannotStart(
                f'--nodes {text}: "{name}" is not a name that a node can have (once): use a-z, 0-9, - and .'
            )
    return names


def check_size(option: str, text: str) -> None:
    try:
        if quantities.parse(text) > 0:
            return
    except ValueError:
        pass
    raise CannotStart(
        f"--{option} {text}: it takes a quantity as Kubernetes writes them, such as 8, 500m or 32Gi"
    )


def up(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM. Raises CannotStart."""
    began = time.perf_counter()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.ERROR)  # what clients do wrong is told to them, not to us
    try:
        plane = ControlPlane(settings)
        plane.write_kubeconfig()
    except (OSError, ValueError, RuntimeError) as error:
        raise CannotStart(str(error)) from error
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(plane, began))


async def _serve(plane: ControlPlane, began: float) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, plane.stop)
    serving = asyncio.create_task(plane.run())
    while not (plane.https.started or serving.done()):
        await asyncio.sleep(0.002)
    if plane.https.started:
        greet(plane, time.perf_counter() - began)
    await serving
    click.echo("Stopped; every watch has been closed.", err=True)


def greet(plane: ControlPlane, seconds: float) -> None:
    """What a user needs to know: the one line to paste stands alone on standard output."""
    count = plane.store.count("nodes")
    kept = "in memory" if plane.settings.store == "memory" else f"in {plane.settings.store}"
    click.echo(
        f"A control plane with {count} nodes at {plane.url} (state {kept}; up in {seconds:.2f} s).", err=True
    )
    click.echo("Paste this, then use kubectl as always. Ctrl-C stops it.", err=True)
    click.echo(f"export KUBECONFIG={shlex.quote(os.path.abspath(plane.kubeconfig))}")
    sys.stdout.flush()


def read_stages(what: str) -> tuple[stages.Stage, ...]:
    """The table called ``realistic`` or ``hollow``, or the one in a YAML file. Raises CannotStart."""
    if what in TABLES:
        return TABLES[what]
    try:
        rows = yaml.safe_load(Path(what).read_text())
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ValueError("it must be a list of stages, each with name, when and becomes")
        return stages.load_stages(rows)
    except OSError as error:
        raise CannotStart(
            f"{what}: {error.strerror}; --stages takes realistic, hollow, or a YAML file with a table of stages"
        ) from None
    except (ValueError, TypeError, yaml.YAMLError) as error:
        raise CannotStart(f"{what}: {error}") from None
