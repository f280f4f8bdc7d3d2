"""kubectl, as it comes, without a flag that anybody would not use elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any

from tests.compatibility.story import Story, configmap, deployment, text
from tests.up import PATIENCE

KUBECTL = os.environ.get("KUBECTL", "kubectl")


class Kubectl(Story):
    client = "kubectl"

    @classmethod
    def version(cls) -> str:
        said = subprocess.run([KUBECTL, "version", "--client", "-o", "json"], capture_output=True, check=True)
        return str(json.loads(said.stdout)["clientVersion"]["gitVersion"]).lstrip("v").partition("-")[0]

    @staticmethod
    def is_here() -> bool:
        return shutil.which(KUBECTL) is not None

    def prepare(self) -> None:
        self.environment = {**os.environ, "KUBECONFIG": str(self.up.kubeconfig), "HOME": str(self.folder)}

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [KUBECTL, *arguments], env=self.environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True
        )

    def run(self, line: str, given: str = "", code: int = 0) -> str:
        """What it prints on standard output; on standard error, when it fails as expected."""
        process = self.begin(*line.split())
        out, err = process.communicate(given, timeout=PATIENCE)
        assert process.returncode == code, f"kubectl {line}: {process.returncode}\n{out}{err}"
        return err if code else out

    def read_json(self, line: str) -> Any:
        return json.loads(self.run(f"{line} -o json"))

    # --- the story ---

    def create(self) -> None:
        assert self.run("create configmap a --from-literal=k=v") == "configmap/a created\n"
        assert self.run("create -f -", text(deployment())) == "deployment.apps/web created\n"
        assert "successfully rolled out" in self.run("rollout status deployment/web")
        assert "(AlreadyExists)" in self.run("create -f -", text(configmap("a")), code=1)

    def read(self) -> None:
        assert self.run("get pods -l app=web -o name").count("pod/web-") == 2
        rows = self.run("get deployments").splitlines()
        assert rows[0].split() == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
        assert rows[1].split()[:4] == ["web", "2/2", "2", "2"]
        assert len(self.run("get configmaps -A --chunk-size=2 -o name").splitlines()) > 3
        assert "Selector:               app=web" in self.run("describe deployment web")
        assert "DESCRIPTION" in self.run("explain deployment.spec.replicas")
        assert "(NotFound)" in self.run("get configmap nobody", code=1)

    def watch(self) -> None:
        form = "{.type} {.object.metadata.name}\n"
        with self.begin(
            "get", "configmap", "--watch-only", "--output-watch-events", "-o", f"jsonpath={form}"
        ) as watching:
            assert watching.stdout is not None
            while watching.poll() is None:  # it does not say when it has begun to watch
                self.run("create configmap begun")
                self.run("delete configmap begun")
                if self.has_begun(watching):
                    break
            self.run("create configmap b")
            self.run("label configmap b colour=red")
            self.run("delete configmap b")
            lines = iter(watching.stdout.readline, "")
            seen = [next(line for line in lines if line.endswith(" b\n")) for _ in range(3)]
            assert seen == ["ADDED b\n", "MODIFIED b\n", "DELETED b\n"]
            watching.terminate()

    @staticmethod
    def has_begun(watching: subprocess.Popen[str]) -> bool:
        import select

        return bool(select.select([watching.stdout], [], [], 0.5)[0])

    def patch(self) -> None:
        for kind, patch in (
            ("merge", '{"data":{"merge":"1"}}'),
            ("strategic", '{"data":{"strategic":"1"}}'),
            ("json", '[{"op":"add","path":"/data/json","value":"1"}]'),
        ):
            assert self.run(f"patch configmap a --type={kind} -p {patch}") == "configmap/a patched\n"
        assert self.read_json("get configmap a")["data"] == {
            "k": "v",
            "merge": "1",
            "strategic": "1",
            "json": "1",
        }
        self.run("set image deployment/web web=registry.example/web:2")
        assert "successfully rolled out" in self.run("rollout status deployment/web")

    def apply(self) -> None:
        applied = text(configmap("applied", colour="red"))
        assert self.run("apply -f -", applied) == "configmap/applied created\n"
        assert self.run("apply -f -", applied) == "configmap/applied unchanged\n"
        assert self.run("diff -f -", applied) == ""
        mine = "apply --server-side --field-manager=mine -f -"
        assert (
            self.run(mine, text(configmap("owned", colour="red"))) == "configmap/owned serverside-applied\n"
        )
        theirs = mine.replace("mine", "theirs")
        refusal = self.run(theirs, text(configmap("owned", colour="blue")), code=1)
        assert 'conflict with "mine": .data.colour' in refusal
        self.run(f"{theirs} --force-conflicts", text(configmap("owned", colour="blue")))
        assert self.read_json("get configmap owned")["data"] == {"colour": "blue"}

    def scale(self) -> None:
        assert self.run("scale deployment/web --replicas=3") == "deployment.apps/web scaled\n"
        self.run("rollout status deployment/web")
        assert self.run("get pods -l app=web -o name").count("pod/web-") == 3
        assert "xpected replicas to be 7" in self.run(
            "scale deployment/web --current-replicas=7 --replicas=1", code=1
        )

    def conflict(self) -> None:
        old = self.read_json("get configmap a")
        self.run("annotate configmap a moved=on")
        assert "(Conflict)" in self.run("replace -f -", text(old), code=1)
        self.run("replace -f -", text(self.read_json("get configmap a")))

    def delete(self) -> None:
        assert "deleted" in self.run("delete deployment web --cascade=foreground")
        self.run("wait --for=delete pod -l app=web --timeout=20s")
        assert "(NotFound)" in self.run("get deployment web", code=1)
        assert self.run("get replicasets,pods -l app=web -o name") == ""

    def reconnect(self) -> None:
        """A `rollout status` that was begun before goes on, and tells of what happened after."""
        self.run("create -f -", text(deployment("later", nodeSelector={"nobody": "has-this"})))
        with self.begin("rollout", "status", "deployment/later") as waiting:
            assert waiting.stdout is not None
            assert "0 of 2 updated replicas are available" in waiting.stdout.readline()
            self.restart()
            patch = '[{"op":"remove","path":"/spec/template/spec/nodeSelector"}]'
            self.run(f"patch deployment later --type=json -p {patch}")
            out, err = waiting.communicate(timeout=PATIENCE)
            assert waiting.returncode == 0, err
            assert "successfully rolled out" in out
