"""Lesson 17: what is right in another way than the solution is right, too; and real kubectl reads the overlay."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from k8slearn.lab.checker import judge
from k8slearn.lab.exercises.festival import BASE, rendered
from k8slearn.lab.exercises.lesson17 import TIED, hindered

FREE = (
    TIED.replace("  storageClassName: fast\n", "")
    .replace("1Ti", "150Gi")
    .replace('"12"', "2500m")
    .replace(
        "      nodeSelector: {node.kubernetes.io/instance-type: a.huge, topology.kubernetes.io/region: north}\n",
        "",
    )
)
ANOTHER = """
resources: [../../base]
images: [{name: registry.example/web, newName: registry.example/web, newTag: "2"}]
configMapGenerator:
  - {name: pages, behavior: merge, literals: ["index.html=<h1>Festival</h1>"]}
patches:
  - target: {kind: Deployment}
    patch: |
      - {op: replace, path: /spec/replicas, value: 5}
      - {op: add, path: /spec/template/spec/containers/0/resources, value: {limits: {memory: 64Mi}}}
"""


def test_other_right_answers_pass() -> None:
    assert judge("17.1", FREE).passed
    assert judge("17.2", ANOTHER).passed


def test_what_is_tied_is_available_where_it_was_written() -> None:
    said = hindered(TIED)
    assert said["cloud A"] == "available"
    assert said["cloud B"] == said["machine room"] == 'storageclass.storage.k8s.io "fast" not found'


@pytest.mark.parametrize("nonsense", ["a: [", "just words", "kind: Pod", "", "- 1"])
def test_nonsense_gets_a_report(nonsense: str) -> None:
    for exercise in ("17.1", "17.2"):
        report = judge(exercise, nonsense)
        assert not report.passed
        assert "mistake in the code" not in str(report)


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl on the path")
def test_kubectl_reads_the_solution_as_we_do(tmp_path: Path) -> None:
    cells = json.loads(Path("solutions/17_anywhere.ipynb").read_text(encoding="utf-8"))["cells"]
    source = next(text for c in cells if (text := "".join(c["source"])).startswith('KUSTOMIZATION = """'))
    for text in (source.split('"""')[1], ANOTHER):
        for path, said in {**BASE, "overlays/festival/kustomization.yaml": text}.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(said, encoding="utf-8")
        words = ["kubectl", "kustomize", str(tmp_path / "overlays/festival")]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        theirs = {o["kind"]: o for o in yaml.safe_load_all(done.stdout)}
        assert {o["kind"]: o for o in rendered(text)} == theirs
