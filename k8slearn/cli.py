"""The command line: ``k8slearn up``, ``play``, ``lab``, ``check``, ``hint``.

Exit codes: 0, it went well; 1, it did not (not everything became ready, an exercise is not solved yet);
2, the input was refused (a manifest with an error in it, an unknown exercise, a wrong option).
"""

from __future__ import annotations

from typing import Any, NoReturn

import click

from k8slearn import __version__

CLOUD = click.option(
    "--cloud",
    type=click.Choice(["a", "b", "on-premise"]),
    callback=lambda context, option, value: value or "",
    help="Whose machines, disks and load balancers it has.  [default: nobody's]",
)


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
@CLOUD
def play(file: str, seed: int, nodes: int, policy: str, seconds: float, steps: bool, cloud: str) -> None:
    """Apply FILE (YAML or JSON; - for standard input) to a fresh simulated cluster, and tell the story.

    Ends when everything is ready (exit code 0), or says what is not, and why (1). A manifest that
    Kubernetes would refuse is refused in its words, with nothing stored (2).
    """
    from k8slearn.lab.play import Refused
    from k8slearn.lab.play import play as run

    try:
        ready = run(
            file, seed=seed, nodes=nodes, policy=policy, seconds=seconds, every_step=steps, cloud=cloud
        )
    except Refused as refusal:
        _refuse(str(refusal))
    raise SystemExit(0 if ready else 1)


@main.command()
@click.option("--nodes", default="3", show_default=True, help="How many machines, or their names: a,b,c.")
@click.option("--cpu", default="8", show_default=True, help="Cores of each machine.")
@click.option("--memory", default="32Gi", show_default=True, help="Memory of each machine.")
@click.option("--pods", default=110, show_default=True, help="Pods that fit on each machine.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=6443, show_default=True, type=click.IntRange(0, 65535), help="0 finds a free one."
)
@click.option(
    "--store", default="memory", show_default=True, help="memory, or a FILE.db that outlives the process."
)
@click.option(
    "--kubeconfig", type=click.Path(dir_okay=False), help="Where to write it.  [default: ~/.k8slearn/config]"
)
@click.option(
    "--speed", default=1.0, show_default=True, type=click.FloatRange(0.1, 1000), help="Seconds per second."
)
@click.option(
    "--stages",
    default="realistic",
    show_default=True,
    help="What pods go through: realistic, hollow (running at once), or a YAML FILE.",
)
@CLOUD
def up(**options: Any) -> None:
    """Start a control plane that kubectl, client libraries and operators can talk to, until Ctrl-C.

    Prints one line to paste, which points kubectl at it. Certificates and tokens are made on the first
    start and kept in ~/.k8slearn ($K8SLEARN_HOME), so that a kubeconfig goes on working.

    kubectl top and autoscalers work. Load comes from pods that ask others, in a loop or by an image:

    \b
      kubectl run load --image=busybox -- sh -c "while sleep 0.1; do wget -q -O- http://web; done"
      kubectl run load --image=k8slearn/load -- --url=http://web --rate=100
    """
    try:
        from k8slearn.live.up import CannotStart, settings_of
        from k8slearn.live.up import up as run
    except ModuleNotFoundError as missing:
        _refuse(f"k8slearn up needs the package {missing.name}: pip install 'k8slearn[live]'")
    try:
        run(settings_of(**options))
    except CannotStart as error:
        _refuse(str(error))


@main.command()
@click.argument("file", type=click.Path(dir_okay=False), required=False)
@click.option(
    "--scheduler", metavar="NAME", help="Instead of a FILE: our scheduler, for pods with this schedulerName."
)
@click.option(
    "--kubeconfig", type=click.Path(dir_okay=False), help="Run against this API server, not simulated."
)
@click.option("--context", default="", help="The context of the kubeconfig; also: use the usual kubeconfig.")
@click.option("--quiet", is_flag=True, help="There: no health line once a minute.")
@click.option(
    "--health-port", type=click.IntRange(1, 65535), help="There: serve /healthz and /readyz on this port."
)
@click.option("--leader-elect", is_flag=True, help="Of several such processes only one works, by a Lease.")
@click.option(
    "--apply", "manifests", multiple=True, help="Simulated: a manifest to begin with. More than once."
)
@click.option("--seed", default=0, show_default=True, help="Simulated: decides every name.")
@click.option(
    "--nodes", default=3, show_default=True, type=click.IntRange(0, 10_000), help="Simulated: machines."
)
@click.option("--for", "seconds", default=900.0, show_default=True, help="Simulated: virtual seconds.")
@click.option("--steps", is_flag=True, help="Simulated: tell every single step.")
@click.pass_context
def run(
    given: click.Context,
    file: str | None,
    scheduler: str | None,
    kubeconfig: str | None,
    context: str,
    quiet: bool,
    health_port: int | None,
    leader_elect: bool,
    **simulated: Any,
) -> None:
    """Run the operator in FILE: every Controller that is defined in it, or its list OPERATORS. Or run a scheduler.

    Simulated, unless --kubeconfig or --context names a cluster: then the same file, unchanged, works there until
    Ctrl-C. What it says of itself there, health and failures, goes to standard error.

    Exit codes. There: 0, it was stopped; 1, it broke. Simulated: 0, everything became ready; 1, it did not. Both: 2,
    the file, the kubeconfig or an option was refused.
    """
    from pathlib import Path

    from k8slearn.live.elected import elected
    from k8slearn.live.operatorfile import BadOperatorFile, a_scheduler, load_operators

    if (file is None) == (scheduler is None):
        _refuse("run what? a FILE with your controllers, or --scheduler NAME")
    there = bool(kubeconfig or context)
    _refuse_others(given, SIMULATED_ONLY if there else THERE_ONLY, there=there)
    try:
        operators = [a_scheduler(scheduler)] if scheduler else load_operators(Path(file or ""))
        if leader_elect and not there:
            operators = elected(operators, "default")
    except (BadOperatorFile, ValueError) as bad:
        _refuse(str(bad))
    if there:
        where = Path(kubeconfig) if kubeconfig else None
        options = {"quiet": quiet, "health_port": health_port or 0, "leader_elect": leader_elect}
        _run_there(Path(file or "scheduler"), operators, where, context, **options)
    else:
        _run_here(operators, **simulated)


SIMULATED_ONLY = {
    "manifests": "--apply",
    "seed": "--seed",
    "nodes": "--nodes",
    "seconds": "--for",
    "steps": "--steps",
}
THERE_ONLY = {"quiet": "--quiet", "health_port": "--health-port"}


def _refuse_others(given: click.Context, options: dict[str, str], *, there: bool) -> None:
    """An option of the other world would do nothing, and nobody would notice."""
    typed = [o for name, o in options.items() if given.get_parameter_source(name) is TYPED]
    if typed and there:
        _refuse(f"{', '.join(typed)}: only for a simulation; kubectl does it in a cluster")
    if typed:
        _refuse(f"{', '.join(typed)}: only with --kubeconfig or --context")


TYPED = click.core.ParameterSource.COMMANDLINE


def _run_there(file: Any, operators: list[Any], kubeconfig: Any, context: str, **options: Any) -> None:
    try:
        from k8slearn.live.remote import NoConfig
        from k8slearn.live.run import run
    except ModuleNotFoundError as missing:
        _refuse(f"k8slearn run --kubeconfig needs the package {missing.name}: pip install 'k8slearn[live]'")
    try:
        run(file, operators, kubeconfig, context, **options)
    except (NoConfig, ValueError) as error:
        _refuse(str(error))
    except OSError as error:
        _refuse(f"--health-port {options['health_port']}: {error.strerror or error}")


def _run_here(operators: list[Any], manifests: tuple[str, ...], steps: bool, **rest: Any) -> NoReturn:
    from k8slearn.lab.play import Refused, play_operators

    try:
        ready = play_operators(operators, manifests, every_step=steps, **rest)
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


if __name__ == "__main__":
    main()
