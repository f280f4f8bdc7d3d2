"""How a good request goes bad: in its value, its bytes, its place, its question or its headers.

Everything is drawn from one `random.Random`, so that a seed names a run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from random import Random
from typing import Any, NamedTuple
from urllib.parse import quote

from k8slearn.api.objects import dig


class Ask(NamedTuple):
    """One request. `target` is a path with a query; the names of `headers` are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    def __str__(self) -> str:
        shown = {k: v for k, v in self.headers.items() if k not in ("authorization", "user-agent")}
        body = self.body if len(self.body) < 2000 else self.body[:2000] + b"..."
        return f"{self.method} {self.target} {shown} {body!r}"


# --- a stock of oddities ---

DEEP: Any = "x"
for _ in range(60):
    DEEP = {"a": [DEEP]}
NUMBERS = [0, 1, -1, 2**31 - 1, 2**31, 2**63, -(2**63) - 1, 10**30, 1.5, -0.0, 1e308]
TEXTS = """
|a|A b|-1|0|1e9|100Gi|-5|0.1m|true|null|~|*|{}|../..|a/b|/a|a.b.c|v1|default|kube-system|web
|2001-01-01T00:00:00Z|0000-00-00T00:00:00Z|10.0.0.1|::1|300.1.1.1|10.96.0.0/12|50%|5%5|in (a|a=b,!c
|metadata.name=x|spec.nodeName|$patch|$setElementOrder/containers|* * * * *|61 * * * *|@daily|Always|Never
|Foreground|registry.example/web:1|x y:z|http|TCP
""".replace("\n", "").split("|")
ODD_TEXTS = [
    "x" * 64,
    "x" * 254,
    "x" * 5000,
    "ü🎉\u202e",
    "\x00",
    "\ud800",
    "a\nb",
    "\t",
    "\uffff",
    "%s%n",
    "\\",
]
SHAPES: list[Any] = [None, True, False, [], {}, [[]], [None], [{}], {"": ""}, {"a": None}, ["a", "a"], DEEP]
DIRECTIVES: list[Any] = [
    {"$patch": "delete"},
    {"$patch": "replace"},
    {"$patch": "other"},
    {"$retainKeys": ["a"]},
    {"$setElementOrder/containers": [{"name": "c"}, {"name": "x"}]},
    {"$deleteFromPrimitiveList/finalizers": ["a/b"]},
    {"metadata": {"$deleteFromPrimitiveList/finalizers": 3}},
    {"spec": {"containers": [{"name": "c", "$patch": "delete"}, {"$patch": "replace"}]}},
]
VALUES = [*NUMBERS, *TEXTS, *ODD_TEXTS, *SHAPES, *DIRECTIVES]
FIELDS = """
metadata spec status data name namespace labels annotations finalizers ownerReferences managedFields uid
resourceVersion generateName creationTimestamp deletionTimestamp generation apiVersion kind template selector
matchLabels matchExpressions containers initContainers volumes ports replicas strategy type nope op path from value
""".split()

MEDIA_TYPES = """
application/json|application/json; charset=utf-8|application/yaml|application/vnd.kubernetes.protobuf|text/plain
|application/json-patch+json|application/merge-patch+json|application/strategic-merge-patch+json
|application/apply-patch+yaml|application/apply-patch+cbor|application/cbor|;;|
""".replace("\n", "").split("|")
PATCH_TYPES = [m for m in MEDIA_TYPES if "patch" in m]
ACCEPTED = """
*/*|application/json|application/yaml|text/html|application/json;as=Table;v=v1;g=meta.k8s.io
|application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io|application/vnd.kubernetes.protobuf|;q=x,,=
|application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io|application/yaml;as=Table;v=v1;g=meta.k8s.io
|application/json;as=Table;v=v2;g=meta.k8s.io,application/json|application/json;stream=watch|ü
|application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList
""".replace("\n", "").split("|")
SEGMENTS = """
api apis v1 v1beta1 v2 apps batch autoscaling policy namespaces default nope pods configmaps deployments secrets
nodes services events serviceaccounts jobs leases roles clusterroles horizontalpodautoscalers replicationcontrollers
status scale eviction binding log token finalize proxy exec approval web a x watch openapi v2 v3 version metrics
rbac.authorization.k8s.io apiextensions.k8s.io customresourcedefinitions healthz readyz selfsubjectaccessreviews
""".split()
PARAMETERS = """
labelSelector fieldSelector resourceVersion resourceVersionMatch continue fieldManager fieldValidation limit
propagationPolicy dryRun timeoutSeconds gracePeriodSeconds allowWatchBookmarks sendInitialEvents force watch
orphanDependents container includeObject sinceTime tailLines limitBytes sinceSeconds follow previous timestamps
pretty verbose timeout nope
""".split()
ANSWERS = "All|Strict|Ignore|Exact|NotOlderThan|Orphan|Background|Metadata|Object|None|true|1|500|-1|99999999999".split(
    "|"
)
HEADERS: list[tuple[str, list[str]]] = [
    ("content-type", MEDIA_TYPES),
    ("accept", ACCEPTED),
    ("authorization", ["", "Bearer", "Bearer x", "Bearer a.b.c", "Basic eA==", "Bearer ü"]),
    ("impersonate-user", ["anna", "", "system:serviceaccount:default:default", "system:node:node-1", "ü"]),
    ("impersonate-group", ["system:masters", "nobodies"]),
    ("impersonate-extra-a%2fb", ["c"]),
    ("user-agent", ["", "/", "x" * 300, "ü/1", "kubectl/v1.36"]),
]


# --- values ---


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in a value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def odd(random: Random) -> Any:
    """Some odd value: a copy, for it may be spoilt further."""
    return deepcopy(random.choice(VALUES))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


def spoil_value(random: Random, value: Any) -> Any:
    """The value with one to three things wrong with it."""
    value = json.loads(json.dumps(value))
    for _ in range(random.choice((1, 1, 2, 3))):
        path = random.choice([*places(value)])
        if not path:
            return odd(random) if random.random() < 0.1 else value
        holder, key = at(value, path[:-1]), path[-1]
        random.choice(CHANGES)(random, holder, key, value)
    return value


Change = Callable[[Random, Any, Any, Any], None]


def _replace(random: Random, holder: Any, key: Any, whole: Any) -> None:
    holder[key] = odd(random)


def _remove(random: Random, holder: Any, key: Any, whole: Any) -> None:
    del holder[key]


def _insert(random: Random, holder: Any, key: Any, whole: Any) -> None:
    new = odd(random)
    if isinstance(holder, list):
        holder.insert(key, new)
    else:
        holder[random.choice([*FIELDS, *TEXTS])] = new


def _repeat(random: Random, holder: Any, key: Any, whole: Any) -> None:
    """A list with something twice, or the same under another name."""
    copy = json.loads(json.dumps(holder[key]))
    if isinstance(holder, list):
        holder.append(copy)
    else:
        holder[random.choice(FIELDS)] = copy


def _transplant(random: Random, holder: Any, key: Any, whole: Any) -> None:
    """What belongs somewhere else."""
    holder[key] = json.loads(json.dumps(at(whole, random.choice([*places(whole)]))))


CHANGES: list[Change] = [_replace, _replace, _replace, _remove, _insert, _repeat, _transplant]


# --- bodies ---

ODD_BODIES = [
    *(b"", b"null", b"[]", b"{}", b"0", b'""', b"NaN", b"{", b"\xff\xfe", b"\xef\xbb\xbf{}"),
    *(b"k8s\x00", b"---", b"- a\n- b"),
    *(b"[" * 100_000, b'{"a":' * 5_000, b'{"metadata":' * 200 + b"1" + b"}" * 200, b"1" * 6_000, b'{"a":1e999}'),
    b'{"metadata":{"name":"a","name":"b"},"data":{"a":Infinity}}',
    b'{"metadata":{"name":"' + b"x" * 100_000 + b'"}}',
    b"a: &a [x,x]\nb: &b [*a,*a,*a]\nc: &c [*b,*b,*b]\nd: [*c,*c,*c]\n",
    b"metadata: {name: a, creationTimestamp: 2001-01-01}\n? {a: b}\n: c\n1: 2\n",
    b"!!python/object/apply:os.system [x]",
    b"k8s\x00\x0a\x0f\x0a\x02v1\x12\x09ConfigMap\x12\x04\x0a\x02\x0a\x00\x1a\x00\x22\x00",
    b"k8s\x00\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
]  # fmt: skip


def spoil_bytes(random: Random, body: bytes) -> bytes:
    """Cut off, flipped, shuffled, or something else altogether."""
    if not body or random.random() < 0.3:
        return random.choice(ODD_BODIES)
    place = random.randrange(len(body))
    end = min(len(body), place + random.randrange(1, 20))
    return random.choice(
        (
            body[:place],
            body[place:],
            body[:place] + random.randbytes(3) + body[end:],
            body[:place] + body[place:end] * 3 + body[end:],
            body[:place] + bytes([body[place] ^ (1 << random.randrange(8))]) + body[place + 1 :],
            body + body,
            b"k8s\x00" + body,
        )
    )


def json_patch(random: Random, value: Any) -> Any:
    """Some operations on places that the value has, and on some that nothing has."""
    pointers = ["/" + "/".join(map(str, path)) for path in places(value)] if isinstance(value, dict) else []
    pointers += [
        "",
        "/",
        "/-",
        "/~2",
        "a",
        "/metadata/-1",
        "/metadata/01",
        "/spec/containers/9",
        "/metadata/annotations/a~1b",
    ]
    kinds = ["add", "remove", "replace", "move", "copy", "test", "nope", None]

    def operation() -> Any:
        found = {"op": random.choice(kinds), "path": random.choice(pointers), "value": odd(random)}
        found["from"] = random.choice(pointers)
        return {k: v for k, v in found.items() if random.random() < 0.9}

    return [operation() for _ in range(random.choice((0, 1, 1, 2, 5)))]


# --- requests ---


def spoil(random: Random, ask: Ask) -> Ask:
    """One of the ways in which a request goes bad; sometimes two."""
    for _ in range(random.choice((1, 1, 1, 2))):
        ask = random.choice(WAYS)(random, ask)
    return ask


def _value(random: Random, ask: Ask) -> Ask:
    value = _parsed(ask.body)
    if value is None:
        return _bytes(random, ask)
    return ask._replace(body=json.dumps(spoil_value(random, value)).encode())


def _parsed(body: bytes) -> Any:
    """None for what has been spoilt too much already."""
    try:
        return json.loads(body) if len(body) < 50_000 else None
    except (ValueError, RecursionError):
        return None


def _bytes(random: Random, ask: Ask) -> Ask:
    return ask._replace(body=spoil_bytes(random, ask.body))


def _patch(random: Random, ask: Ask) -> Ask:
    """A patch of any type: of the object itself, if it names one, or of what is written there."""
    value = _parsed(ask.body) or {}
    kind = random.choice(PATCH_TYPES)
    patch = json_patch(random, value) if kind == "application/json-patch+json" else spoil_value(random, value)
    name = dig(value, "metadata", "name") if ask.method == "POST" else None
    path, _, query = ask.target.partition("?")
    target = f"{path}/{quote(name, errors='replace')}?{query}" if isinstance(name, str) else ask.target
    headers = {**ask.headers, "content-type": kind}
    return Ask("PATCH", target, headers, json.dumps(patch).encode())


def _method(random: Random, ask: Ask) -> Ask:
    method = random.choice(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "FOO"])
    return ask._replace(method=method)


def _place(random: Random, ask: Ask) -> Ask:
    path, question, query = ask.target.partition("?")
    segments = path.split("/")
    place = random.randrange(1, len(segments) + 1)
    odd = quote(random.choice([random.choice(TEXTS), random.choice(ODD_TEXTS)]), safe="/", errors="replace")
    new = random.choice([[random.choice(SEGMENTS)], [random.choice(SEGMENTS)], [odd], []])
    segments[place : place + random.choice((0, 1, 1))] = new
    return ask._replace(target="/".join(segments) + question + query)


def _question(random: Random, ask: Ask) -> Ask:
    path, _, query = ask.target.partition("?")
    value = random.choice([random.choice(ANSWERS), random.choice(TEXTS), random.choice(ODD_TEXTS)])
    odd = f"{random.choice(PARAMETERS)}={quote(value, errors='replace')}"
    parts = [part for part in query.split("&") if part and random.random() < 0.8]
    return ask._replace(target=f"{path}?{'&'.join([*parts, odd])}")


def _header(random: Random, ask: Ask) -> Ask:
    name, values = random.choice(HEADERS)
    return ask._replace(headers={**ask.headers, name: random.choice(values)})


Way = Callable[[Random, Ask], Ask]
WAYS: list[Way] = [
    _value,
    _value,
    _value,
    _value,
    _bytes,
    _patch,
    _patch,
    _method,
    _place,
    _question,
    _header,
]
