"""The command line: what it says, and with which exit code."""

from __future__ import annotations

import pathlib

import pytest
from click.testing import CliRunner, Result

from k8slearn.cli import main

ROOT = pathlib.Path(__file__).resolve().parents[1]
WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example/web:1"}]}
"""


def k8slearn(*arguments: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, arguments, input=text)


def refused(text: str) -> str:
    """What is said of a bad manifest, which must be refused with exit code 2 and nothing on stdout."""
    result = k8slearn("play", "-", text=text)
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr.strip()


def test_the_guestbook_becomes_ready_and_every_writer_has_a_cause() -> None:
    result = k8slearn("play", str(ROOT / "examples" / "guestbook.yaml"))
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[-1] == "Everything is ready."
    told = [line for line in lines if line[:5].strip().isdigit()]
    by_components = [line for line in told if line.split()[2] != "client"]
    assert by_components
    assert [line for line in by_components if "because of" not in line] == []
    for name, replicas in (("frontend", 3), ("redis-leader", 1), ("redis-follower", 2)):
        row = next(line.split() for line in lines if line.startswith(f"Deployment  default/{name} "))
        assert row[2:] == [str(replicas)] * 3


def test_what_cannot_become_ready_is_said_with_its_reason() -> None:
    result = k8slearn("play", str(ROOT / "examples" / "unschedulable.yaml"))
    assert result.exit_code == 1
    assert "Pod default/giant: Unschedulable: 0/3 nodes are available: 3 Insufficient cpu" in result.stdout
    assert "3 node(s) didn't match Pod's node affinity/selector" in result.stdout


def test_the_same_seed_tells_the_same_story_and_another_seed_another() -> None:
    def told(seed: str) -> str:
        return k8slearn("play", "-", "--policy", "shuffled", "--seed", seed, "--steps", text=WEB).stdout

    assert told("1") == told("1")
    assert told("1") != told("2")


def test_every_step_is_told_on_request() -> None:
    few = k8slearn("play", "-", text=WEB).stdout.splitlines()
    all_steps = k8slearn("play", "-", "--steps", text=WEB).stdout.splitlines()
    assert len(all_steps) > len(few)
    numbers = [int(line[:5]) for line in all_steps if line[:5].strip().isdigit()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_without_machines_nothing_can_run() -> None:
    result = k8slearn("play", "-", "--nodes", "0", text=WEB)
    assert result.exit_code == 1
    assert "no nodes available to schedule pods" in result.stdout


BAD = {
    "not YAML": (WEB + "  - [", "error: error parsing STDIN: error converting YAML to JSON: yaml: line "),
    "unknown kind": (
        WEB.replace("kind: Deployment", "kind: Deploment"),
        'no matches for kind "Deploment" in version "apps/v1"\nensure CRDs are installed first',
    ),
    "no kind": (WEB.replace("kind: Deployment\n", ""), "error validating data: kind not set"),
    "missing name": (WEB.replace("{name: web}\nspec", "{}\nspec"), "resource name may not be empty"),
    "a field of the wrong type": (
        WEB.replace("replicas: 2", "replicas: two"),
        'Deployment in version "v1" cannot be handled as a Deployment: json: cannot unmarshal string into '
        "Go struct field DeploymentSpec.spec.replicas of type int32",
    ),
    "a negative replica count": (
        WEB.replace("replicas: 2", "replicas: -1"),
        'The Deployment "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ),
    "a selector that does not match its template": (
        WEB.replace("metadata: {labels: {app: web}}", "metadata: {labels: {app: other}}"),
        'The Deployment "web" is invalid: spec.template.metadata.labels: Invalid value: {"app":"other"}: '
        "`selector` does not match template `labels`",
    ),
    "a duplicate": (
        WEB + "---\n" + WEB,
        'Error from server (AlreadyExists): error when creating "STDIN": deployments.apps "web" already exists',
    ),
    "a namespace that is not there": (
        WEB.replace("{name: web}\nspec", "{name: web, namespace: nowhere}\nspec"),
        'Error from server (NotFound): error when creating "STDIN": namespaces "nowhere" not found',
    ),
    "nothing at all": ("# only a comment\n", "error: no objects passed to create"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_in_kubernetes_words(name: str) -> None:
    text, message = BAD[name]
    assert message in refused(text)


def test_two_things_wrong_are_both_said() -> None:
    text = WEB.replace("replicas: 2", "replicas: -1").replace("labels: {app: web}}", "labels: {a: b}}")
    said = refused(text).splitlines()
    assert said[0] == 'The Deployment "web" is invalid: '  # kubectl prints that space too
    assert len(said) == 3


def test_a_file_that_is_not_there_is_named() -> None:
    result = k8slearn("play", "nowhere.yaml")
    assert result.exit_code == 2
    assert result.stderr.strip() == 'error: the path "nowhere.yaml" does not exist'


def test_a_file_that_is_not_text_is_refused(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "picture.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    result = k8slearn("play", str(path))
    assert result.exit_code == 2
    assert result.stderr.startswith("error: cannot read ")


@pytest.mark.parametrize("arguments", [["play"], ["play", "x.yaml", "--nodes", "-1"], ["fly"]])
def test_wrong_options_exit_with_2(arguments: list[str]) -> None:
    assert k8slearn(*arguments).exit_code == 2


def test_help_names_every_command() -> None:
    said = k8slearn("--help").stdout
    assert all(command in said for command in ("play", "lab", "check", "hint"))


def test_an_unknown_exercise_is_refused() -> None:
    for command in ("check", "hint"):
        result = k8slearn(command, "99.9")
        assert result.exit_code == 2
        assert "04.1" in result.stderr


def test_a_manifest_that_needs_a_cloud_becomes_ready_in_one() -> None:
    result = k8slearn("play", "examples/anywhere.yaml", "--cloud", "b")
    assert result.exit_code == 0
    assert "on 3 nodes of cloud b, seed 0" in result.output
    assert "service-lb-controller" in result.output
