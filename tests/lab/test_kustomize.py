"""A small reading of kustomize: what it makes is what kubectl makes, and what it cannot read it refuses by name."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from k8slearn.api.objects import Object, key_of
from k8slearn.lab.kustomize import BadKustomization, build, files_of

SHOP = Path("examples/shop/kustomize")
kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="there is no kubectl on the path")

#: What an overlay over the shop's base may say.
OVERLAYS: dict[str, str] = {
    "nothing": "",
    "replicas": "replicas: [{name: shop, count: 7}]",
    "a tag": "images: [{name: registry.example/web, newTag: v2}]",
    "another registry": "images: [{name: registry.example/web, newName: 'other.example:5000/web'}]",
    "an image that nobody uses": "images: [{name: web, newTag: v2}]",
    "a page more": "configMapGenerator: [{name: shop, behavior: merge, literals: ['about.html=<p>a & b = c</p>']}]",
    "other pages": "configMapGenerator: [{name: shop, behavior: replace, literals: [one=ünïcode, two=]}]",
    "another map": "configMapGenerator: [{name: settings, literals: [colour=blue]}]",
    "no hash": """
configMapGenerator:
  - {name: shop, behavior: replace, literals: [one=1], options: {disableNameSuffixHash: true}}
""",
    "a merge": """
patches:
  - patch: |
      {apiVersion: apps/v1, kind: Deployment, metadata: {name: shop, labels: {tier: front}},
       spec: {template: {spec: {containers: [{name: web, env: [{name: A, value: b}]}, {name: aside, image: 'x:1'}]}}}}
""",
    "a JSON patch": """
patches:
  - target: {kind: Deployment, name: shop}
    patch: |
      - {op: replace, path: /spec/template/spec/containers/0/ports/0/containerPort, value: 9090}
  - target: {kind: Service}
    patch: |
      - {op: add, path: /spec/type, value: NodePort}
""",
}


def with_overlay(text: str) -> dict[str, str]:
    return {**files_of(SHOP), "overlays/tried/kustomization.yaml": f"resources: [../../base]\n{text}\n"}


def by_key(objects: list[Object]) -> dict[str, Object]:
    return {f"{obj['kind']} {key_of(obj)}": obj for obj in objects}


def rendered(folder: Path) -> dict[str, Object]:
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return by_key(list(yaml.safe_load_all(done.stdout)))


@kubectl
@pytest.mark.parametrize("overlay", ["production", "test"])
def test_the_shops_overlays_are_as_kubectl_renders_them(overlay: str) -> None:
    assert by_key(build(files_of(SHOP), f"overlays/{overlay}")) == rendered(SHOP / "overlays" / overlay)


@kubectl
@pytest.mark.parametrize("name", OVERLAYS)
def test_any_overlay_is_as_kubectl_renders_it(name: str, tmp_path: Path) -> None:
    files = with_overlay(OVERLAYS[name])
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    assert by_key(build(files, "overlays/tried")) == rendered(tmp_path / "overlays" / "tried")


def test_the_name_of_a_map_follows_from_what_is_in_it() -> None:
    names = {
        overlay: [*by_key(build(files_of(SHOP), f"overlays/{overlay}"))] for overlay in ("production", "test")
    }
    assert names == {
        "production": ["Deployment shop", "Service shop", "ConfigMap shop-6ffmfbfmgg"],
        "test": ["Deployment shop", "Service shop", "ConfigMap shop-2t4h6gdfkd"],
    }
    objects = by_key(build(files_of(SHOP), "overlays/test"))
    (volume,) = objects["Deployment shop"]["spec"]["template"]["spec"]["volumes"]
    assert volume["configMap"]["name"] == "shop-2t4h6gdfkd"


def test_the_base_is_as_it_was() -> None:
    before = build(files_of(SHOP), "base")
    build(with_overlay(OVERLAYS["a merge"]), "overlays/tried")
    assert build(files_of(SHOP), "base") == before


WRONG: dict[str, Any] = {
    "namePrefix: x-": "namePrefix: not among resources, configMapGenerator, patches, replicas, images",
    "replicas: [{name: shoppe, count: 2}]": "replicas: there is no shoppe that has any",
    "configMapGenerator: [{name: shop, literals: [a=b]}]": "configMapGenerator shop: behavior create, and there is one",
    "configMapGenerator: [{name: x, behavior: merge}]": "configMapGenerator x: behavior merge, and there is none",
    "configMapGenerator: [{name: x, files: [a.txt]}]": "overlays/tried/a.txt: there is no such file",
    "patches: [{path: a.yaml}]": "overlays/tried/a.yaml: there is no such file",
    "patches: [{patch: '{kind: Deployment, metadata: {name: x}}'}]": "no matches for Deployment x",
    "---\na: b": "there must be one object in it",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_cannot_be_built_says_why(text: str) -> None:
    with pytest.raises(BadKustomization) as caught:
        build(with_overlay(text), "overlays/tried")
    assert WRONG[text] in str(caught.value)


@pytest.mark.parametrize(
    "text", ["just words", "replicas: 3", "images: [web]", "patches: [{}]", "resources: {a: b}"]
)
def test_nonsense_is_refused_and_not_stumbled_over(text: str) -> None:
    with pytest.raises(BadKustomization):
        build({"kustomization.yaml": text})
