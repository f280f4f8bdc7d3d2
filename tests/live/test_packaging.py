"""The three packagings of the shop against a live server: by stock kubectl, and the operator as a process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from k8slearn.client import Client
from k8slearn.lab.packaging import OVERLAY, installed, packages, what_matters
from k8slearn.live.remote import connect
from k8slearn.live.running import Running
from tests.live.kubectl import kubectl, needed
from tests.up import PATIENCE, Up

SHOP = Path("examples/shop")
CRD = Path("k8slearn/operators/crds/websites.yaml")
OPERATOR = Path("examples/operators/websites.py")
WAYS = {"plain": ("-f", SHOP / "plain"), "overlay": ("-k", SHOP / "kustomize" / "overlays" / "production")}
WAYS["operator"] = ("-f", SHOP / "website.yaml")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("packaging"), "--nodes", "1", "--stages", "hollow") as running:
        yield running


def eventually(look, wanted):
    """What `look` finds, as soon as it is as wanted, or at the latest after some patience."""
    end = time.monotonic() + PATIENCE
    while (found := look()) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    return found


@needed
def test_kubectl_applies_all_three_and_they_come_to_the_same(up: Up) -> None:
    kubectl(up, "apply", "-f", str(CRD))
    remote = connect(up.kubeconfig)
    client = Client(remote)
    wanted = what_matters(installed(packages(SHOP)[0]).client)
    with Running(OPERATOR, up.kubeconfig) as operator:
        assert operator.said.startswith("website-controller at https://")
        for namespace, (flag, path) in WAYS.items():
            kubectl(up, "create", "namespace", namespace)
            kubectl(up, "apply", flag, str(path), "--namespace", namespace)
        for namespace in WAYS:
            kubectl(up, "wait", "--for=create", "deployment/shop", "--namespace", namespace)
            kubectl(up, "rollout", "status", "deployment/shop", "--namespace", namespace)
            key = f"{namespace}/shop"
            assert eventually(lambda key=key: what_matters(client, key), wanted) == wanted
    remote.close()


@needed
def test_applied_again_nothing_changes(up: Up) -> None:
    said = kubectl(up, "apply", "-k", str(WAYS["overlay"][1]), "--namespace", "overlay").splitlines()
    assert [line.rpartition(" ")[2] for line in said] == ["unchanged"] * 3
    (config,) = [o for o in packages(SHOP)[1].objects() if o["kind"] == "ConfigMap"]
    assert f"configmap/{config['metadata']['name']} unchanged" in said
    assert packages(SHOP)[1].name == OVERLAY


def test_an_operator_that_cannot_begin_says_why(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="nowhere"):
        Running(OPERATOR, tmp_path / "nowhere")
