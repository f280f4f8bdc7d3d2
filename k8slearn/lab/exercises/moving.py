"""Exercise 17.1: a manifest that works in one cloud only, to be mended so that it becomes available anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from k8slearn.api.errors import ApiError
from k8slearn.api.manifests import ManifestError, load
from k8slearn.api.objects import Object, dig, name_of
from k8slearn.api.quantities import parse
from k8slearn.lab.drill import A_TEXT, Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.logs import StoreSource
from k8slearn.lab.worlds import PLACES, hindrance, is_available, place

WORDS = words_of("lesson17")

TAKEN = Promise("the API server takes it")
SAME = Promise("it is still the gallery: one server with 2 CPUs, and a disk of 100 GiB that outlives it")
ANYWHERE = Promise("it becomes available in every place, without an edit")

#: What somebody has written who has always been with cloud A, and had no reason to save.
TIED = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: pictures}
spec:
  storageClassName: fast
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Ti}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: gallery}
spec:
  strategy: {type: Recreate}
  selector: {matchLabels: {app: gallery}}
  template:
    metadata: {labels: {app: gallery}}
    spec:
      nodeSelector: {node.kubernetes.io/instance-type: a.huge, topology.kubernetes.io/region: north}
      containers:
        - name: gallery
          image: gallery:1
          resources: {requests: {cpu: "12"}}
          volumeMounts: [{name: pictures, mountPath: /pictures}]
      volumes: [{name: pictures, persistentVolumeClaim: {claimName: pictures}}]
"""

SERVICE: Object = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "gallery"},
    "spec": {"type": "LoadBalancer", "selector": {"app": "gallery"}, "ports": [{"port": 80}]},
}

#: What is in a warning, and what it is evidence of.
SAID = {
    "not found": "class",
    "access mode": "shared",
    "GiB at most": "large disk",
    "Insufficient": "large pod",
    "affinity/selector": "machine",
    "unbound immediate": "no class",
}


def objects(text: str) -> list[Object]:
    """The gallery's objects, with the Service. Raises Unsolved while a ``...`` is left in the text."""
    if any(line.strip().startswith("...") for line in text.splitlines()):
        raise Unsolved
    return [*load(text, "gallery.yaml"), SERVICE]


def hindered(text: str) -> dict[str, str]:
    """In each place: what the cluster says about why it is not available, or "available"."""
    sims = {name: place(cloud, objects(text)) for name, cloud in PLACES.items()}
    return {name: hindrance(sim) or "available" for name, sim in sims.items()}


def _cases() -> Iterator[Case]:
    yield Case("what it asks for", _is_the_gallery)
    for name, cloud in PLACES.items():
        yield Case(name, partial(_becomes_available, name, cloud))


def _read(scene: Scene, text: str) -> list[Object]:
    try:
        return objects(text)
    except ManifestError as error:
        scene.demand(False, TAKEN, str(error), "no YAML")
        raise


def _is_the_gallery(scene: Scene, text: str) -> None:
    found = {(obj["kind"], name_of(obj)): obj for obj in _read(scene, text)}
    claim, gallery = found.get(("PersistentVolumeClaim", "pictures")), found.get(("Deployment", "gallery"))
    scene.tell(f"the file has {', '.join(' '.join(key) for key in found)}")
    scene.demand(gallery is not None, SAME, "there is no Deployment gallery in it")
    pod = dig(gallery, "spec", "template", "spec", default={})
    scene.demand(
        claim is not None and _mounts(pod), SAME, "its pictures are on no disk that outlives it", "no disk"
    )
    size = parse(dig(claim, "spec", "resources", "requests", "storage", default="0"))
    scene.demand(size >= parse("100Gi"), SAME, "its disk has less than 100 GiB", "less than needed")
    cpu = parse(dig(pod, "containers", 0, "resources", "requests", "cpu", default="0"))
    scene.demand(cpu >= 2, SAME, "its server is promised less than 2 CPUs", "less than needed")
    scene.demand(dig(gallery, "spec", "replicas", default=1) == 1, SAME, "there is not one server")


def _mounts(pod: Any) -> bool:
    """Is the claim mounted where the pictures are?"""
    named = {
        v["name"]
        for v in pod.get("volumes") or []
        if dig(v, "persistentVolumeClaim", "claimName") == "pictures"
    }
    mounts = dig(pod, "containers", 0, "volumeMounts", default=[])
    return any(m["name"] in named and m["mountPath"] == "/pictures" for m in mounts)


def _becomes_available(name: str, cloud: str, scene: Scene, text: str) -> None:
    wanted = _read(scene, text)
    try:
        sim = place(cloud, wanted)
    except ApiError as error:
        scene.tell(f"{name}: the file is sent: {error.code} {error.reason}")
        scene.demand(False, TAKEN, error.message, "refused")
        return
    scene.source = StoreSource(sim.store)
    said = hindrance(sim)
    scene.tell(f"{name}: {said or 'available'}", "luck" if said else "")
    facts = [fact for words, fact in SAID.items() if words in said]
    scene.demand(is_available(sim), ANYWHERE, f"{name} says: {said}", *facts)


MOVING = Drill(
    id="17.1",
    words=WORDS["17.1"],
    cases=_cases,
    promises=[TAKEN, SAME, ANYWHERE],
    diagnoses=[
        WORDS["17.1"].diagnosis("is no manifest", TAKEN.name, evidence=noted("no YAML")),
        WORDS["17.1"].diagnosis("is refused", TAKEN.name),
        WORDS["17.1"].diagnosis("gives up the disk", SAME.name, evidence=noted("no disk")),
        WORDS["17.1"].diagnosis("saves at what is needed", SAME.name),
        WORDS["17.1"].diagnosis("a class by its name", ANYWHERE.name, evidence=noted("class")),
        WORDS["17.1"].diagnosis("a disk for many", ANYWHERE.name, evidence=noted("shared")),
        WORDS["17.1"].diagnosis("a disk that nobody has", ANYWHERE.name, evidence=noted("large disk")),
        WORDS["17.1"].diagnosis("larger than any machine", ANYWHERE.name, evidence=noted("large pod")),
        WORDS["17.1"].diagnosis("a machine by its name", ANYWHERE.name, evidence=noted("machine")),
        WORDS["17.1"].diagnosis("empty is not nothing", ANYWHERE.name),
    ],
    wanted=A_TEXT,
)
