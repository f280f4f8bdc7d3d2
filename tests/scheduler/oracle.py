"""The rules of the default scheduler, read once more: for every pod and node from the beginning, in no hurry.

It shares no code with k8slearn/scheduler, and keeps nothing between two questions. Of quantities it knows whole
numbers, with ``m`` for a thousandth and ``Gi``, since that is what `worlds` uses.
"""

from __future__ import annotations

import math
from typing import Any

Object = dict[str, Any]
GI = 1024**3


class World:
    """Nodes by name, pods with the node that each is on, and other objects by kind and key."""

    def __init__(self, nodes: dict[str, Object], placed: list[tuple[Object, str]], others: dict[str, Any]):
        self.nodes, self.placed, self.others = nodes, placed, others

    def on(self, node: str) -> list[Object]:
        return [pod for pod, where in self.placed if where == node]


# --- small things ------------------------------------------------------------------------------


def number(text: str) -> float:
    if text.endswith("m"):
        return int(text[:-1]) / 1000
    return int(text[:-2]) * GI if text.endswith("Gi") else int(text)


def labels(obj: Object) -> dict[str, str]:
    return obj["metadata"].get("labels", {})


def requested(pod: Object, resource: str, default: float = 0) -> float:
    total = 0.0
    for container in pod["spec"]["containers"]:
        text = container.get("resources", {}).get("requests", {}).get(resource)
        total += default if text is None else number(text)
    return total


def holds(requirement: Object, have: dict[str, str]) -> bool:
    key, op, values = requirement["key"], requirement["operator"], requirement.get("values", [])
    return {
        "In": key in have and have[key] in values,
        "NotIn": not (key in have and have[key] in values),
        "Exists": key in have,
        "DoesNotExist": key not in have,
    }[op]


def selected(selector: Object | None, have: dict[str, str]) -> bool:
    if selector is None:
        return False
    equal = all(have.get(k) == v for k, v in selector.get("matchLabels", {}).items())
    return equal and all(holds(r, have) for r in selector.get("matchExpressions", []))


def tolerated(pod: Object, taint: Object) -> bool:
    for t in pod["spec"].get("tolerations", []):
        effect = t.get("effect") in (None, taint["effect"])
        key = t.get("key") in (None, taint["key"])
        value = t.get("operator") == "Exists" or t.get("value", "") == taint.get("value", "")
        if effect and key and value:
            return True
    return False


def term_holds(term: Object, node: Object) -> bool:
    return all(holds(r, labels(node)) for r in term["matchExpressions"])


def wants(pod: Object, node: Object) -> bool:
    """nodeSelector and required node affinity."""
    if any(labels(node).get(k) != v for k, v in pod["spec"].get("nodeSelector", {}).items()):
        return False
    affinity = pod["spec"].get("affinity", {}).get("nodeAffinity", {})
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or any(term_holds(t, node) for t in required["nodeSelectorTerms"])


def untolerated(pod: Object, node: Object) -> bool:
    hard = [t for t in node["spec"].get("taints", []) if t["effect"] != "PreferNoSchedule"]
    return not all(tolerated(pod, t) for t in hard)


# --- filters, in their order -------------------------------------------------------------------


def unschedulable(pod: Object, node: Object, world: World) -> list[str]:
    cordon = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    cordoned = node["spec"].get("unschedulable") and not tolerated(pod, cordon)
    return ["node(s) were unschedulable"] if cordoned else []


def taints(pod: Object, node: Object, world: World) -> list[str]:
    return ["node(s) had untolerated taint(s)"] if untolerated(pod, node) else []


def affinity(pod: Object, node: Object, world: World) -> list[str]:
    return [] if wants(pod, node) else ["node(s) didn't match Pod's node affinity/selector"]


def ports_of(pod: Object) -> list[Object]:
    return [p for c in pod["spec"]["containers"] for p in c.get("ports", []) if p.get("hostPort")]


def ports(pod: Object, node: Object, world: World) -> list[str]:
    for other in world.on(node["metadata"]["name"]):
        for a in ports_of(pod):
            for b in ports_of(other):
                ips = {a.get("hostIP", "0.0.0.0"), b.get("hostIP", "0.0.0.0")}
                same = (a["hostPort"], a.get("protocol", "TCP")) == (b["hostPort"], b.get("protocol", "TCP"))
                if same and (len(ips) == 1 or "0.0.0.0" in ips):
                    return ["node(s) didn't have free ports for the requested pod ports"]
    return []


def fit(pod: Object, node: Object, world: World) -> list[str]:
    there, capacity = world.on(node["metadata"]["name"]), node["status"]["allocatable"]
    said = ["Too many pods"] if len(there) + 1 > int(capacity["pods"]) else []
    for resource in ("cpu", "memory"):
        used = sum(requested(p, resource) for p in there)
        wanted = requested(pod, resource)
        if wanted > 0 and round(used + wanted, 6) > number(capacity[resource]):
            said.append(f"Insufficient {resource}")
    return said


def claim_names(pod: Object) -> list[str]:
    return [v["persistentVolumeClaim"]["claimName"] for v in pod["spec"].get("volumes", [])]


def claims(pod: Object, world: World) -> list[Object]:
    return [world.others["claims"][n] for n in claim_names(pod) if n in world.others["claims"]]


def only_one(pod: Object, node: Object, world: World) -> list[str]:
    mine = {
        c["metadata"]["name"] for c in claims(pod, world) if c["spec"]["accessModes"] == ["ReadWriteOncePod"]
    }
    space = pod["metadata"]["namespace"]
    others = [p for p, n in world.placed if n in world.nodes and p["metadata"]["namespace"] == space]
    if any(mine & set(claim_names(other)) for other in others):
        return [
            "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
        ]
    return []


def attached(pod: Object, world: World) -> set[str]:
    found = set()
    for claim in claims(pod, world):
        volume = world.others["volumes"].get(claim["spec"].get("volumeName", ""))
        if volume is not None:
            found |= {volume["spec"]["csi"]["volumeHandle"]} if "csi" in volume["spec"] else set()
    return found


def limits(pod: Object, node: Object, world: World) -> list[str]:
    limit = world.others["limits"].get(node["metadata"]["name"])
    if limit is None:
        return []
    there = set().union(*(attached(p, world) for p in world.on(node["metadata"]["name"])))
    more = attached(pod, world) - there
    return ["node(s) exceed max volume count"] if more and len(there) + len(more) > limit else []


def volumes(pod: Object, node: Object, world: World) -> list[str]:
    """Bound ones must be within reach; for the others, one that is free there, or a class that makes some."""
    said, taken, short = [], set(), False
    bound = [c for c in claims(pod, world) if c["spec"].get("volumeName")]
    open_ones = [c for c in claims(pod, world) if not c["spec"].get("volumeName")]
    if not all(reaches(world.others["volumes"][c["spec"]["volumeName"]], node) for c in bound):
        said.append("node(s) had volume node affinity conflict")
    for claim in sorted(open_ones, key=lambda c: number(c["spec"]["resources"]["requests"]["storage"])):
        found = free_volume(claim, node, world, taken)
        if found:
            taken.add(found)
        elif not world.others["classes"][claim["spec"]["storageClassName"]]["makes"]:
            short = True
    if short:
        said.append("node(s) didn't find available persistent volumes to bind")
    return said


def reaches(volume: Object, node: Object) -> bool:
    required = volume["spec"].get("nodeAffinity", {}).get("required")
    return required is None or any(term_holds(t, node) for t in required["nodeSelectorTerms"])


def free_volume(claim: Object, node: Object, world: World, taken: set[str]) -> str:
    wanted = number(claim["spec"]["resources"]["requests"]["storage"])
    found = [
        (number(v["spec"]["capacity"]["storage"]), name)
        for name, v in world.others["volumes"].items()
        if v["status"]["phase"] == "Available"
        and v["spec"]["storageClassName"] == claim["spec"]["storageClassName"]
        and number(v["spec"]["capacity"]["storage"]) >= wanted
        and name not in taken
        and reaches(v, node)
    ]
    return min(found)[1] if found else ""


def zone(pod: Object, node: Object, world: World) -> list[str]:
    key = "topology.kubernetes.io/zone"
    for claim in claims(pod, world):
        volume = world.others["volumes"].get(claim["spec"].get("volumeName", ""))
        where = labels(volume).get(key) if volume else None
        if where is not None and key in labels(node) and labels(node)[key] not in where.split("__"):
            return ["node(s) had no available volume zone"]
    return []


def spread(pod: Object, node: Object, world: World) -> list[str]:
    constraints = of_kind(pod, "DoNotSchedule")
    for constraint in constraints:
        key = constraint["topologyKey"]
        if key not in labels(node):
            return ["node(s) didn't match pod topology spread constraints (missing required label)"]
        there: dict[str, int] = {}
        for name, other in world.nodes.items():
            if all(c["topologyKey"] in labels(other) for c in constraints) and counts(constraint, pod, other):
                value = labels(other)[key]
                there[value] = there.get(value, 0) + alike(constraint, pod, name, world)
        least = min(there.values(), default=10**9)
        if len(there) < constraint.get("minDomains", 1):
            least = 0
        itself = selected(chooser(constraint, pod), labels(pod))
        if there.get(labels(node)[key], 0) + itself - least > constraint["maxSkew"]:
            return ["node(s) didn't match pod topology spread constraints"]
    return []


def of_kind(pod: Object, kind: str) -> list[Object]:
    return [c for c in pod["spec"].get("topologySpreadConstraints", []) if c["whenUnsatisfiable"] == kind]


def chooser(constraint: Object, pod: Object) -> Object:
    more = [
        {"key": k, "operator": "In", "values": [labels(pod)[k]]}
        for k in constraint.get("matchLabelKeys", [])
        if k in labels(pod)
    ]
    selector = constraint["labelSelector"]
    return {**selector, "matchExpressions": [*selector.get("matchExpressions", []), *more]}


def counts(constraint: Object, pod: Object, node: Object) -> bool:
    if constraint.get("nodeAffinityPolicy", "Honor") == "Honor" and not wants(pod, node):
        return False
    return not (constraint.get("nodeTaintsPolicy", "Ignore") == "Honor" and untolerated(pod, node))


def alike(constraint: Object, pod: Object, node: str, world: World) -> int:
    return sum(
        selected(chooser(constraint, pod), labels(p))
        for p in world.on(node)
        if p["metadata"]["namespace"] == pod["metadata"]["namespace"]
    )


def terms(pod: Object, which: str, strength: str) -> list[Any]:
    found = pod["spec"].get("affinity", {}).get(which, {})
    return found.get(f"{strength}DuringSchedulingIgnoredDuringExecution", [])


def speaks_of(term: Object, owner: Object, other: Object, world: World) -> bool:
    space = other["metadata"]["namespace"]
    if "namespaceSelector" in term:
        here = space in term.get("namespaces", []) or selected(
            term["namespaceSelector"], world.others["namespaces"][space]
        )
    else:
        here = space in (term.get("namespaces") or [owner["metadata"]["namespace"]])
    same = all(
        labels(other).get(k) == labels(owner)[k] for k in term.get("matchLabelKeys", []) if k in labels(owner)
    )
    return here and same and selected(term["labelSelector"], labels(other))


def together(term: Object, a: Object, b: Object) -> bool:
    key = term["topologyKey"]
    return key in labels(a) and labels(a)[key] == labels(b).get(key)


def neighbours(pod: Object, node: Object, world: World) -> list[str]:
    there = [(p, world.nodes[n]) for p, n in world.placed if n in world.nodes]
    seeks = terms(pod, "podAffinity", "required")
    sought = [(p, n) for p, n in there if seeks and all(speaks_of(t, pod, p, world) for t in seeks)]
    anywhere = any(t["topologyKey"] in labels(n) for _, n in sought for t in seeks)
    first = not anywhere and all(speaks_of(t, pod, pod, world) for t in seeks)
    for term in seeks:
        near = any(together(term, n, node) for _, n in sought)
        if term["topologyKey"] not in labels(node) or not (near or first):
            return ["node(s) didn't match pod affinity rules"]
    for term in terms(pod, "podAntiAffinity", "required"):
        # Kubernetes counts by domain, whichever of the terms it was that met somebody there
        met = [
            (t, n)
            for p, n in there
            for t in terms(pod, "podAntiAffinity", "required")
            if speaks_of(t, pod, p, world)
        ]
        if any(t["topologyKey"] == term["topologyKey"] and together(t, n, node) for t, n in met):
            return ["node(s) didn't match pod anti-affinity rules"]
    for p, n in there:
        for term in terms(p, "podAntiAffinity", "required"):
            if speaks_of(term, p, pod, world) and together(term, n, node):
                return ["node(s) didn't satisfy existing pods anti-affinity rules"]
    return []


FILTERS = (
    unschedulable,
    taints,
    affinity,
    ports,
    fit,
    only_one,
    limits,
    volumes,
    zone,
    spread,
    neighbours,
)


def hopeless(pod: Object, world: World) -> str:
    """What is wrong with the pod itself."""
    for name in claim_names(pod):
        if name not in world.others["claims"]:
            return f'persistentvolumeclaim "{name}" not found'
    for claim in claims(pod, world):
        waits = world.others["classes"][claim["spec"]["storageClassName"]]["waits"]
        if not claim["spec"].get("volumeName") and not waits:
            return "pod has unbound immediate PersistentVolumeClaims"
    return ""


def reasons(pod: Object, node: Object, world: World) -> list[str]:
    """Why the node will not do; [] if it will."""
    trouble = hopeless(pod, world)
    if trouble:
        return [trouble]
    return next((said for rule in FILTERS if (said := rule(pod, node, world))), [])


# --- scores ------------------------------------------------------------------------------------


def percent(scores: dict[str, int], *, reverse: bool = False) -> dict[str, int]:
    top = max(scores.values())
    scaled = {n: (100 * s // top if top else 0) for n, s in scores.items()}
    return {n: 100 - s for n, s in scaled.items()} if reverse else scaled


def score_taints(pod: Object, nodes: dict[str, Object], world: World) -> dict[str, int]:
    def soft(node: Object) -> int:
        mine = {
            "spec": {
                "tolerations": [
                    t
                    for t in pod["spec"].get("tolerations", [])
                    if t.get("effect") in (None, "PreferNoSchedule")
                ]
            }
        }
        return sum(
            t["effect"] == "PreferNoSchedule" and not tolerated(mine, t)
            for t in node["spec"].get("taints", [])
        )

    return percent({n: soft(node) for n, node in nodes.items()}, reverse=True)


def score_affinity(pod: Object, nodes: dict[str, Object], world: World) -> dict[str, int]:
    wishes = terms(pod, "nodeAffinity", "preferred")
    return percent(
        {
            n: sum(w["weight"] for w in wishes if term_holds(w["preference"], node))
            for n, node in nodes.items()
        }
    )


def score_least(pod: Object, nodes: dict[str, Object], world: World) -> dict[str, int]:
    made = {}
    for n, node in nodes.items():
        left = []
        for resource, silent in (("cpu", 0.1), ("memory", 200 * 1024**2)):
            unit = 1000 if resource == "cpu" else 1
            capacity = round(number(node["status"]["allocatable"][resource]) * unit)
            used = sum(round(requested(p, resource, silent) * unit) for p in [*world.on(n), pod])
            left.append(max(capacity - used, 0) * 100 // capacity)
        made[n] = sum(left) // 2
    return made


def score_even(pod: Object, nodes: dict[str, Object], world: World) -> dict[str, int]:
    made = {}
    for n, node in nodes.items():
        used = []
        for resource in ("cpu", "memory"):
            total = sum(requested(p, resource) for p in [*world.on(n), pod])
            used.append(min(round(total, 6) / number(node["status"]["allocatable"][resource]), 1.0))
        asks = requested(pod, "cpu") or requested(pod, "memory")
        made[n] = int((1 - abs(used[0] - used[1]) / 2) * 100) if asks else 0
    return made


def score_images(pod: Object, nodes: dict[str, Object], world: World) -> dict[str, int]:
    def there(node: Object) -> dict[str, int]:
        return {name: i["sizeBytes"] for i in node["status"].get("images", []) for name in i["names"]}

    names = [c["image"] for c in pod["spec"]["containers"]]
    names = [n if ":" in n else f"{n}:latest" for n in names]
    least, most = 23 * 1024**2, 1000 * 1024**2 * len(names)
    made = {}
    for n, node in nodes.items():
        size = 0
        for name in names:
            share = sum(name in there(other) for other in world.nodes.values()) / len(world.nodes)
            size += int(there(node).get(name, 0) * share)
        made[n] = 100 * (min(max(size, least), most) - least) // (most - least)
    return made


def score_spread(pod: Object, nodes: dict[str, Object], world: World) -> dict[str, int]:
    constraints = of_kind(pod, "ScheduleAnyway")
    if not constraints:
        return dict.fromkeys(nodes, 0)
    there = {n: o for n, o in nodes.items() if all(c["topologyKey"] in labels(o) for c in constraints)}
    raw = {}
    for n, node in there.items():
        score = 0.0
        for c in constraints:
            key = c["topologyKey"]
            hostname = key == "kubernetes.io/hostname"
            domains = len(there) if hostname else len({labels(o)[key] for o in there.values()})
            count = sum(
                alike(c, pod, m, world)
                for m, other in world.nodes.items()
                if all(d["topologyKey"] in labels(other) for d in constraints)
                and counts(c, pod, other)
                and labels(other)[key] == labels(node)[key]
            )
            score += count * math.log(domains + 2) + (c["maxSkew"] - 1)
        raw[n] = math.floor(score + 0.5)
    made = dict.fromkeys(nodes, 0)
    high, low = max(raw.values(), default=0), min(raw.values(), default=0)
    for n, score in raw.items():
        made[n] = 100 * (high + low - score) // high if high else 100
    return made


def score_neighbours(pod: Object, nodes: dict[str, Object], world: World) -> dict[str, int]:
    raw = dict.fromkeys(nodes, 0)
    for other, where in world.placed:
        for term, weight in liked(pod, other, world) if where in world.nodes else ():
            for n, node in nodes.items():
                raw[n] += weight if together(term, world.nodes[where], node) else 0
    high, low = max(raw.values()), min(raw.values())
    return {n: int(100 * ((s - low) / (high - low))) if high > low else 0 for n, s in raw.items()}


def liked(pod: Object, other: Object, world: World) -> list[tuple[Object, int]]:
    """The terms by which one of the two wishes, or requires, to be near the other."""
    said = [(t, 1) for t in terms(other, "podAffinity", "required") if speaks_of(t, other, pod, world)]
    for which, sign in (("podAffinity", 1), ("podAntiAffinity", -1)):
        for a, b in ((pod, other), (other, pod)):
            for wish in terms(a, which, "preferred"):
                if speaks_of(wish["podAffinityTerm"], a, b, world):
                    said.append((wish["podAffinityTerm"], sign * wish["weight"]))
    return said


SCORES = (
    (3, score_taints),
    (2, score_affinity),
    (1, score_least),
    (1, score_even),
    (1, score_images),
    (2, score_spread),
    (2, score_neighbours),
)


def totals(pod: Object, nodes: dict[str, Object], world: World) -> dict[str, int]:
    """Of the nodes that will do."""
    made = dict.fromkeys(nodes, 0)
    for weight, rule in SCORES if nodes else ():
        for name, score in rule(pod, nodes, world).items():
            made[name] += weight * score
    return made
