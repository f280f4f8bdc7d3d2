"""The command line: ``k8slearn play``, ``lab``, ``check``, ``hint``.

Exit codes: 0, it went well; 1, it did not (not everything became ready, an exercise is not solved yet);
2, the input was refused (a manifest with an error in it, an unknown exercise, a wrong option).
"""

from __future__ import annotations

from typing import NoReturn

import click

from k8slearn import __version__


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="k8slearn")
def main() -> None:
    """Kubernetes from the inside: a small control plane whose every move you can see."""


@main.command()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option(
    "--seed", default=0, show_default=True, help="Decides every name, and every order with --policy shuffled."
)
@click.option(
    "--nodes", default=3, show_default=True, type=click.IntRange(0, 10_000), help="How many machines."
)
@click.option(
    "--policy", default="prompt", show_default=True, type=click.Choice(["prompt", "fair", "shuffled"])
)
@click.option("--seconds", default=900.0, show_default=True, help="Virtual time after which to give up.")
@click.option("--steps", is_flag=True, help="Tell every single step, not only those that change something.")
def play(file: str, seed: int, nodes: int, policy: str, seconds: float, steps: bool) -> None:
    """Apply FILE (YAML or JSON; - for standard input) to a fresh simulated cluster, and tell the story.

    Ends when everything is ready (exit code 0), or says what is not, and why (1). A manifest that
    Kubernetes would refuse is refused in its words, with nothing stored (2).
    """
    from k8slearn.lab.play import Refused
    from k8slearn.lab.play import play as run

    try:
        ready = run(file, seed=seed, nodes=nodes, policy=policy, seconds=seconds, every_step=steps)
    except Refused as refusal:
        _refuse(str(refusal))
    raise SystemExit(0 if ready else 1)


@main.command()
@click.argument("notebook", required=False)
@click.option("--port", type=int, help="Port of the JupyterLab server (default: a free one).")
@click.option("--no-browser", is_flag=True, help="Do not open a browser; print the address.")
def lab(notebook: str | None, port: int | None, no_browser: bool) -> None:
    """Open the lessons in JupyterLab, beginning with the map (or with NOTEBOOK)."""
    from k8slearn.lab.launch import LabMissing, launch

    try:
        launch(notebook, port=port, browser=not no_browser)
    except LabMissing as missing:
        _refuse(str(missing))


@main.command()
@click.argument("what", nargs=-1)
def check(what: tuple[str, ...]) -> None:
    """Check your solutions: WHAT is a lesson (04), an exercise (04.1) or a notebook; default: all of them.

    Exit code 0 when everything asked about is solved, 1 when something is not.
    """
    from k8slearn.lab.console import UnknownExercise, check_all

    try:
        solved = check_all(list(what))
    except UnknownExercise as error:
        _refuse(str(error))
    raise SystemExit(0 if solved else 1)


@main.command()
@click.argument("exercise")
@click.option("--level", type=click.IntRange(1, 3), help="This hint, and not the next one.")
def hint(exercise: str, level: int | None) -> None:
    """Give the next hint for EXERCISE (such as 04.1). There are three, each saying more than the last."""
    from k8slearn.lab.console import UnknownExercise, give_hint

    try:
        give_hint(exercise, level)
    except UnknownExercise as error:
        _refuse(str(error))


def _refuse(message: str) -> NoReturn:
    click.echo(message, err=True)
    raise SystemExit(2)
