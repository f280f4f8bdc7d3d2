"""Random clusters and pods, small and crowded, so that every rule has something to say."""

from __future__ import annotations

from random import Random
from typing import Any

from k8slearn.api.objects import freeze

Object = dict[str, Any]
ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
REQUIRED, PREFERRED = (f"{s}DuringSchedulingIgnoredDuringExecution" for s in ("required", "preferred"))


def maybe(dice: Random, chance: float, value: Any, default: Any) -> Any:
    return value() if dice.random() < chance else default


def selector(dice: Random) -> Object:
    if dice.random() < 0.7:
        return {"matchLabels": {"app": dice.choice("xy")}}
    op = dice.choice(["In", "NotIn", "Exists", "DoesNotExist"])
    values = {"values": [dice.choice("xy")]} if op in ("In", "NotIn") else {}
    return {"matchExpressions": [{"key": "app", "operator": op, **values}]}


def node_term(dice: Random) -> Object:
    op = dice.choice(["In", "NotIn", "Exists", "DoesNotExist"])
    values = {"values": [dice.choice("12")]} if op in ("In", "NotIn") else {}
    return {"matchExpressions": [{"key": dice.choice(["a", ZONE]), "operator": op, **values}]}


def pod_term(dice: Random) -> Object:
    term: Object = {"labelSelector": selector(dice), "topologyKey": dice.choice([ZONE, HOST, "a"])}
    term |= maybe(dice, 0.2, lambda: {"namespaces": [dice.choice(["one", "two"])]}, {})
    term |= maybe(dice, 0.2, lambda: {"namespaceSelector": {"matchLabels": {"team": dice.choice("pq")}}}, {})
    return term | maybe(dice, 0.1, lambda: {"matchLabelKeys": ["version"]}, {})


def constraint(dice: Random) -> Object:
    made: Object = {
        "maxSkew": dice.choice([1, 1, 2]),
        "topologyKey": dice.choice([ZONE, HOST, "a"]),
        "whenUnsatisfiable": dice.choice(["DoNotSchedule", "ScheduleAnyway"]),
        "labelSelector": selector(dice),
    }
    if made["whenUnsatisfiable"] == "DoNotSchedule":
        made |= maybe(dice, 0.3, lambda: {"minDomains": dice.choice([2, 3])}, {})
    made |= maybe(dice, 0.2, lambda: {"matchLabelKeys": ["version"]}, {})
    made |= maybe(dice, 0.3, lambda: {"nodeAffinityPolicy": dice.choice(["Honor", "Ignore"])}, {})
    return made | maybe(dice, 0.3, lambda: {"nodeTaintsPolicy": dice.choice(["Honor", "Ignore"])}, {})


def node(dice: Random, name: str) -> Object:
    labels = maybe(dice, 0.9, lambda: {HOST: name}, {})
    labels |= maybe(dice, 0.8, lambda: {ZONE: dice.choice("12")}, {})
    labels |= maybe(dice, 0.5, lambda: {"a": dice.choice("12")}, {})
    effects = ["NoSchedule", "PreferNoSchedule", "PreferNoSchedule", "NoExecute"]
    taint = {"key": dice.choice("kl"), "value": "v", "effect": dice.choice(effects)}
    spec: Object = {"taints": [taint]} if dice.random() < 0.3 else {}
    spec |= maybe(dice, 0.08, lambda: {"unschedulable": True}, {})
    capacity = {
        "cpu": dice.choice(["2", "4", "8"]),
        "memory": dice.choice(["4Gi", "8Gi"]),
        "pods": dice.choice("389"),
    }
    images = [
        {"names": [f"{image}:latest"], "sizeBytes": size * 1024**2}
        for image, size in (("big", 900), ("small", 90))
        if dice.random() < 0.4
    ]
    return freeze(
        {
            "metadata": {"name": name, "labels": labels},
            "spec": spec,
            "status": {"allocatable": capacity, "images": images},
        }
    )


def pod(dice: Random, name: str) -> Object:
    requests = {
        r: dice.choice(v)
        for r, v in (("cpu", ["250m", "500m", "2"]), ("memory", ["1Gi", "2Gi"]))
        if dice.random() < 0.7
    }
    container: Object = {
        "name": "c",
        "image": dice.choice(["big", "small:latest", "none"]),
        "resources": {"requests": requests},
    }
    container |= maybe(dice, 0.15, lambda: {"ports": [_port(dice)]}, {})
    spec: Object = {"containers": [container]}
    spec |= maybe(dice, 0.3, lambda: {"tolerations": [_toleration(dice)]}, {})
    spec |= maybe(dice, 0.15, lambda: {"nodeSelector": {"a": dice.choice("12")}}, {})
    spec |= maybe(dice, 0.5, lambda: {"affinity": _affinity(dice)}, {})
    few = dice.choice([1, 1, 2])
    spec |= maybe(
        dice, 0.4, lambda: {"topologySpreadConstraints": [constraint(dice) for _ in range(few)]}, {}
    )
    spec |= maybe(dice, 0.25, lambda: {"volumes": [_volume(dice)]}, {})
    labels = {"app": dice.choice("xyz"), "version": dice.choice("12")}
    metadata = {"name": name, "namespace": dice.choice(["one", "one", "two"]), "uid": name, "labels": labels}
    return freeze({"metadata": metadata, "spec": spec})


def _port(dice: Random) -> Object:
    return {
        "hostPort": dice.choice([80, 81]),
        **maybe(dice, 0.3, lambda: {"hostIP": dice.choice(["10.0.0.1", "10.0.0.2"])}, {}),
    }


def _toleration(dice: Random) -> Object:
    made = maybe(dice, 0.8, lambda: {"key": dice.choice("kl")}, {})
    made |= maybe(dice, 0.4, lambda: {"effect": dice.choice(["NoSchedule", "PreferNoSchedule"])}, {})
    exists = not made.get("key") or dice.random() < 0.5
    return made | ({"operator": "Exists"} if exists else {"operator": "Equal", "value": dice.choice("vw")})


def _volume(dice: Random) -> Object:
    return {"name": "v", "persistentVolumeClaim": {"claimName": dice.choice(CLAIMS)}}


def _affinity(dice: Random) -> Object:
    made: Object = {}
    if dice.random() < 0.3:
        wishes = [{"weight": dice.randint(1, 100), "preference": node_term(dice)}]
        made["nodeAffinity"] = {PREFERRED: wishes}
        made["nodeAffinity"] |= maybe(
            dice, 0.5, lambda: {REQUIRED: {"nodeSelectorTerms": [node_term(dice)]}}, {}
        )
    for which in ("podAffinity", "podAntiAffinity"):
        if dice.random() < 0.4:
            found: Object = {}
            found |= maybe(dice, 0.5, lambda: {REQUIRED: _some(dice)}, {})
            made[which] = found | maybe(dice, 0.6, lambda: {PREFERRED: [_wish(dice)]}, {})
    return made


def _some(dice: Random) -> list[Object]:
    return [pod_term(dice) for _ in range(dice.choice([1, 1, 2]))]


def _wish(dice: Random) -> Object:
    return {"weight": dice.randint(1, 100), "podAffinityTerm": pod_term(dice)}


# --- what else there is ------------------------------------------------------------------------

CLAIMS = ("bound", "alone", "zoned", "later", "made", "soon", "nowhere")


def others() -> Object:
    """As the oracle wants it. Claims are of the namespace of the pod that asks."""
    here = {
        "required": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["1"]}]}]
        }
    }
    volumes = {
        "v-bound": _pv("v-bound", csi={"driver": "d", "volumeHandle": "h1"}, nodeAffinity=here),
        "v-alone": _pv("v-alone", csi={"driver": "d", "volumeHandle": "h2"}),
        "v-zoned": _pv("v-zoned", labels={ZONE: "2"}, csi={"driver": "d", "volumeHandle": "h3"}),
        "v-free": _pv("v-free", phase="Available", storageClassName="waits", nodeAffinity=here),
    }
    claims = {
        "bound": _pvc("bound", volumeName="v-bound"),
        "alone": _pvc("alone", volumeName="v-alone", accessModes=["ReadWriteOncePod"]),
        "zoned": _pvc("zoned", volumeName="v-zoned"),
        "later": _pvc("later", storageClassName="waits"),
        "made": _pvc("made", storageClassName="makes"),
        "soon": _pvc("soon"),
    }
    classes = {
        "plain": {"waits": False, "makes": False},
        "waits": {"waits": True, "makes": False},
        "makes": {"waits": True, "makes": True},
    }
    return {
        "volumes": volumes,
        "claims": claims,
        "classes": classes,
        "limits": {"n0": 1, "n1": 2},
        "namespaces": {"one": {"team": "p"}, "two": {"team": "q"}},
    }


def as_objects(found: Object) -> Object:
    """The same as the scheduler hears of it."""
    limits = [
        {
            "metadata": {"name": n},
            "spec": {"drivers": [{"name": "d", "nodeID": n, "allocatable": {"count": c}}]},
        }
        for n, c in found["limits"].items()
    ]
    classes = [
        {
            "metadata": {"name": n},
            "volumeBindingMode": "WaitForFirstConsumer" if c["waits"] else "Immediate",
            "provisioner": "x.io/p" if c["makes"] else "kubernetes.io/no-provisioner",
        }
        for n, c in found["classes"].items()
    ]
    spaces = ("one", "two")
    return {
        "persistentvolumes": list(found["volumes"].values()),
        "persistentvolumeclaims": [
            {**c, "metadata": {**c["metadata"], "namespace": s}}
            for c in found["claims"].values()
            for s in spaces
        ],
        "storageclasses": classes,
        "csinodes": limits,
        "namespaces": [
            {"metadata": {"name": n, "labels": labels}} for n, labels in found["namespaces"].items()
        ],
    }


def _pv(name: str, phase: str = "Bound", labels: Object | None = None, **spec: Any) -> Object:
    spec = {
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "plain",
        **spec,
    }
    return {"metadata": {"name": name, "labels": labels or {}}, "spec": spec, "status": {"phase": phase}}


def _pvc(name: str, **spec: Any) -> Object:
    done = {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}} if "volumeName" in spec else {}
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
        "storageClassName": "plain",
        **spec,
    }
    return {
        "metadata": {"name": name, "uid": name, **done},
        "spec": spec,
        "status": {"phase": "Bound" if done else "Pending"},
    }
