"""Exercise 17.2: an overlay for a stall at a festival. What is different stands in it, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import yaml

from k8slearn.api.errors import ApiError
from k8slearn.api.manifests import ManifestError
from k8slearn.api.objects import Object, dig
from k8slearn.cluster import Cluster
from k8slearn.lab.drill import A_TEXT, Case, Drill, Promise, Scene, Unsolved, noted
from k8slearn.lab.exercise import words_of
from k8slearn.lab.kustomize import BadKustomization, build
from k8slearn.lab.logs import StoreSource
from k8slearn.lab.packaging import renewed, what_matters
from k8slearn.sim import Simulation

WORDS = words_of("lesson17")

BUILDS = Promise("it can be built, and the API server takes what comes of it")
FESTIVAL = Promise(
    "there are five servers of version 2, each limited to 64Mi, and they show the festival's page"
)
FOLLOWS = Promise("what changes in the base arrives in the overlay")
ANEW = Promise("a new page starts new servers")

STALL = "default/stall"
PAGE, NEXT_PAGE = "<h1>Festival</h1>", "<h1>Until midnight</h1>"

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: stall}
spec:
  replicas: 1
  selector: {matchLabels: {app: stall}}
  template:
    metadata: {labels: {app: stall}}
    spec:
      containers:
        - name: web
          image: registry.example/web:1
          ports: [{containerPort: 8080}]
          volumeMounts: [{name: pages, mountPath: /pages}]
      volumes: [{name: pages, configMap: {name: pages}}]
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: stall}
spec:
  selector: {app: stall}
  ports: [{port: 80, targetPort: 8080}]
"""
KUSTOMIZATION = """
resources: [deployment.yaml, service.yaml]
configMapGenerator:
  - {name: pages, literals: [index.html=<h1>Tea</h1>, prices.html=two coins]}
"""
BASE = {
    "base/deployment.yaml": DEPLOYMENT,
    "base/service.yaml": SERVICE,
    "base/kustomization.yaml": KUSTOMIZATION,
}

#: Somebody works on the base, and knows of no festival.
LATER = {
    "base/deployment.yaml": DEPLOYMENT.replace(
        "image:", "env: [{name: LANGUAGE, value: en}]\n          image:"
    ),
    "base/kustomization.yaml": KUSTOMIZATION.replace("two coins", "three coins"),
}


def rendered(text: str, base: Mapping[str, str] = BASE) -> list[Object]:
    """What comes of the overlay. Raises Unsolved while a ``...`` is left in it, BadKustomization, ManifestError."""
    if any(line.strip().startswith("...") for line in text.splitlines()):
        raise Unsolved
    return build({**base, "overlays/festival/kustomization.yaml": text}, "overlays/festival")


def _cases() -> Iterator[Case]:
    yield Case("the festival begins", _begins)
    yield Case("the page changes", _another_page)
    yield Case("the base changes", _another_base)


def _stall(scene: Scene) -> Simulation:
    """A cluster in which the base has been applied."""
    sim = Simulation(Cluster(1))
    sim.apply(build(BASE, "base"))
    sim.run()
    scene.source = StoreSource(sim.store)
    scene.tell("the stall is open, as the base says: one server of version 1")
    return sim


def _apply(scene: Scene, sim: Simulation, text: str, base: Mapping[str, str], what: str) -> None:
    try:
        wanted = rendered(text, base)
        sim.apply(wanted)
    except (BadKustomization, ManifestError, ApiError, yaml.YAMLError) as error:
        facts = [fact for words, fact in SAID.items() if words in str(error)]
        scene.demand(False, BUILDS, str(error), *facts)
    sim.run()
    scene.tell(what)


#: What is in an error, and what it is evidence of.
SAID = {
    "behavior create": "generates anew",
    "behavior merge, and there is none": "another map",
    "behavior replace, and there is none": "another map",
    "replicas: there is no": "container's name",
    "no matches for": "container's name",
    "image: Required": "another container",
}


def _begins(scene: Scene, text: str) -> None:
    sim = _stall(scene)
    _apply(scene, sim, text, BASE, "the overlay is applied")
    seen = what_matters(sim.client, STALL)
    for what, is_so, said, fact in (
        ("servers", seen["servers"] == 5, f"{seen['servers']} servers", "servers"),
        ("image", seen["image"] == "registry.example/web:2", f"the image {seen['image']}", "image"),
        ("memory", seen["memory"] == "64Mi", f"the limit {seen['memory'] or 'nothing'}", "memory"),
        ("page", _page(seen) == PAGE, f"the page {_page(seen)}", "page"),
    ):
        scene.demand(is_so, FESTIVAL, f"about the {what}: it is {said}", fact)


def _page(seen: Object) -> str:
    return str(dig(seen, "pages", "/pages", "index.html", default="")).strip()


def _another_page(scene: Scene, text: str) -> None:
    sim = _stall(scene)
    _apply(scene, sim, text, BASE, "the overlay is applied")
    before = sim.store.revision
    _apply(
        scene,
        sim,
        text.replace(PAGE, NEXT_PAGE),
        BASE,
        "the page says *Until midnight* now, and it is applied again",
    )
    started = renewed(sim, before)
    scene.demand(started >= 5, ANEW, f"{started} servers have been started since, and 5 have the old page")
    page = _page(what_matters(sim.client, STALL))
    scene.demand(page == NEXT_PAGE, ANEW, f"the page is {page}")


def _another_base(scene: Scene, text: str) -> None:
    sim = _stall(scene)
    _apply(
        scene,
        sim,
        text,
        {**BASE, **LATER},
        "the base gets a variable, LANGUAGE, and prices go up to three coins",
    )
    container = sim.client.get("deployments", STALL)["spec"]["template"]["spec"]["containers"][0]
    has_it = any(e["name"] == "LANGUAGE" for e in container.get("env", ()))
    scene.demand(has_it, FOLLOWS, "the servers do not have the variable LANGUAGE", "list")
    pages = dig(what_matters(sim.client, STALL), "pages", "/pages", default={})
    said = pages.get("prices.html", "gone")
    scene.demand(said == "three coins", FOLLOWS, f"the page with the prices is: {said}", "pages")


FESTIVAL_OVERLAY = Drill(
    id="17.2",
    words=WORDS["17.2"],
    cases=_cases,
    promises=[BUILDS, FESTIVAL, ANEW, FOLLOWS],
    diagnoses=[
        WORDS["17.2"].diagnosis("generates what is there", BUILDS.name, evidence=noted("generates anew")),
        WORDS["17.2"].diagnosis("means another map", BUILDS.name, evidence=noted("another map")),
        WORDS["17.2"].diagnosis(
            "calls it by the container's name", BUILDS.name, evidence=noted("container's name")
        ),
        WORDS["17.2"].diagnosis("adds a container", BUILDS.name, evidence=noted("another container")),
        WORDS["17.2"].diagnosis("cannot be built", BUILDS.name),
        WORDS["17.2"].diagnosis("names the image with its tag", FESTIVAL.name, evidence=noted("image")),
        WORDS["17.2"].diagnosis("is not finished", FESTIVAL.name),
        WORDS["17.2"].diagnosis("keeps the name of the map", ANEW.name),
        WORDS["17.2"].diagnosis("replaces the list", FOLLOWS.name, evidence=noted("list")),
        WORDS["17.2"].diagnosis("replaces the pages", FOLLOWS.name),
    ],
    wanted=A_TEXT,
)
