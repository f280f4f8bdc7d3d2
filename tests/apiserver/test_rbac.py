"""Roles, bindings, and what they let people do.

Facts recorded from Kubernetes v1.36: scenario rbac-escalation.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8slearn.api.errors import BadRequest, Forbidden, NotFound
from k8slearn.api.kinds import Kinds
from k8slearn.api.objects import Object
from k8slearn.api.requests import Request
from k8slearn.api.users import ADMIN, ANONYMOUS, User
from k8slearn.apiserver import ApiServer
from k8slearn.apiserver.pipeline import Write
from k8slearn.apiserver.rbac import (
    Attributes,
    Authorizer,
    bootstrap_objects,
    check_escalation,
    forbidden,
    impersonate,
)
from k8slearn.apiserver.rbac.authorizer import GROUP
from k8slearn.apiserver.rbac.bootstrap import rule
from k8slearn.apiserver.rbac.rules import ALL, allows, breakdown, compact, describe, missing
from k8slearn.cluster import Cluster
from k8slearn.controllers.clusterroleaggregation import ClusterRoleAggregationController
from k8slearn.store import Store
from tests import fakes
from tests.fakes import named, world

BOB = User.called("bob")
ALICE = User.called("alice", ["team"])
KUBELET = User.called("system:node:node-0")


def role(name: str, *rules: str, namespace: str = "", **rest: object) -> Object:
    kind = "Role" if namespace else "ClusterRole"
    return named(kind, name, f"{GROUP}/v1", namespace, rules=[rule(r) for r in rules], **rest)


def binding(name: str, to: Object, user: str = "bob", namespace: str = "", kind: str = "User") -> Object:
    own = "RoleBinding" if namespace else "ClusterRoleBinding"
    reference = {"apiGroup": GROUP, "kind": to["kind"], "name": to["metadata"]["name"]}
    return named(
        own, name, f"{GROUP}/v1", namespace, roleRef=reference, subjects=[{"kind": kind, "name": user}]
    )


@pytest.fixture(scope="module")
def furnished() -> Store:
    """What a cluster begins with, and the three roles for people filled."""
    sim = world(ClusterRoleAggregationController)
    sim.create(bootstrap_objects())
    sim.run()
    return sim.store


@pytest.fixture
def server(furnished: Store) -> ApiServer:
    """With the default roles; what a test adds is its own."""
    server = fakes.server()
    for resource in ("clusterroles", "clusterrolebindings", "roles", "rolebindings"):
        for obj in furnished.list(resource):
            m = obj["metadata"]
            key = f"{m['namespace']}/{m['name']}" if "namespace" in m else m["name"]
            server.store.put(resource, key, obj)
    server.authorizer = Authorizer(server.store)
    return server


def add(server: ApiServer, *objects: Object) -> None:
    for obj in objects:
        resource, m = server.kinds.of(obj), obj["metadata"]
        server.handle(Request("create", resource.name, m.get("namespace", ""), m["name"], body=obj))


def may(
    server: ApiServer, user: User, verb: str, what: str, namespace: str = "", name: str = "", group: str = ""
) -> bool:
    if what.startswith("/"):
        return server.authorizer.authorize(Attributes(user, verb, path=what))[0]
    resource, _, subresource = what.partition("/")
    asked = Attributes(user, verb, namespace, group, "v1", resource, subresource, name)
    return server.authorizer.authorize(asked)[0]


# --- one rule ---------------------------------------------------------------------------------------

RULES = [
    ("get core pods", "get", "pods", "", True),
    ("get core pods", "list", "pods", "", False),
    ("* core pods", "escalate", "pods", "", True),
    ("get core pods", "get", "pods/log", "", False),
    ("get core pods/log", "get", "pods/log", "", True),
    ("get core *", "get", "pods/log", "", True),
    ("get core */scale", "get", "pods/scale", "", True),
    ("get core */scale", "get", "pods", "", False),
    ("get core */scale", "get", "pods/log", "", False),
    ("get apps pods", "get", "pods", "", False),
    ("get core pods web,db", "get", "pods", "web", True),
    ("get core pods web,db", "get", "pods", "cache", False),
    ("list core pods web", "list", "pods", "", False),
    ("get /metrics", "get", "/metrics", "", True),
    ("get /healthz/*", "get", "/healthz/etcd", "", True),
    ("get /healthz/*", "get", "/healthz", "", False),
    ("get *", "get", "/anything", "", True),
    ("get /metrics", "post", "/metrics", "", False),
    ("* * *", "get", "/metrics", "", False),
    ("* *", "get", "pods", "", False),
]


@pytest.mark.parametrize(("line", "verb", "what", "name", "expected"), RULES)
def test_what_a_rule_allows(line, verb, what, name, expected):
    if what.startswith("/"):
        asked = Attributes(BOB, verb, path=what)
    else:
        resource, _, subresource = what.partition("/")
        asked = Attributes(BOB, verb, "default", "", "v1", resource, subresource, name)
    assert allows(rule(line), asked) is expected


# --- the roles of a fresh cluster ---------------------------------------------------------------------

WHO_MAY = [
    # verb, group, resource: view, edit, admin
    ("list", "", "pods", True, True, True),
    ("create", "", "pods", False, True, True),
    ("get", "", "pods/log", True, True, True),
    ("create", "", "pods/exec", False, True, True),
    ("create", "", "pods/eviction", False, True, True),
    ("update", "", "pods/status", False, False, False),
    ("get", "", "secrets", False, True, True),
    ("delete", "", "configmaps", False, True, True),
    ("patch", "apps", "deployments/scale", False, True, True),
    ("watch", "apps", "replicasets", True, True, True),
    ("deletecollection", "batch", "jobs", False, True, True),
    ("create", "", "serviceaccounts/token", False, True, True),
    ("impersonate", "", "serviceaccounts", False, True, True),
    ("update", "", "endpoints", False, False, False),
    ("create", "", "resourcequotas", False, False, False),
    ("get", "", "resourcequotas", True, True, True),
    ("get", GROUP, "roles", False, False, True),
    ("create", GROUP, "rolebindings", False, False, True),
    ("create", "authorization.k8s.io", "localsubjectaccessreviews", False, False, True),
    ("delete", "", "namespaces", False, False, False),
    ("list", "", "nodes", False, False, False),
    ("escalate", GROUP, "roles", False, False, False),
]


@pytest.mark.parametrize(("verb", "group", "what", "view", "edit", "admin"), WHO_MAY)
def test_viewers_editors_administrators(server, verb, group, what, view, edit, admin):
    for name, expected in (("view", view), ("edit", edit), ("admin", admin)):
        add(server, binding(f"bob-{name}", named("ClusterRole", name), f"bob-{name}", namespace="default"))
        who = User.called(f"bob-{name}")
        assert may(server, who, verb, what, "default", group=group) is expected
        assert not may(server, who, verb, what, "kube-system", group=group)
        assert not may(server, who, verb, what, group=group)


def test_everybody(server):
    assert may(server, ANONYMOUS, "get", "/version")
    assert may(server, ANONYMOUS, "get", "/livez")
    assert not may(server, ANONYMOUS, "get", "/apis")
    assert not may(server, ANONYMOUS, "get", "/metrics")
    assert may(server, BOB, "get", "/apis/apps/v1")
    assert may(server, BOB, "get", "/openapi/v3/apis/apps/v1")
    assert may(server, BOB, "create", "selfsubjectaccessreviews", group="authorization.k8s.io")
    assert not may(server, BOB, "list", "pods", "default")
    assert may(server, User.called("x", ["system:monitoring"]), "get", "/metrics")
    assert may(server, ADMIN, "whatever", "things", group="example.com")


def test_default_objects_carry_their_marks(server):
    view = server.store.get("clusterroles", "view")
    assert view["metadata"]["labels"] == {
        "kubernetes.io/bootstrapping": "rbac-defaults",
        "rbac.authorization.k8s.io/aggregate-to-edit": "true",
    }
    labels = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
    assert view["aggregationRule"] == {"clusterRoleSelectors": [{"matchLabels": labels}]}
    bound = server.store.get("clusterrolebindings", "cluster-admin")
    assert bound["subjects"] == [{"kind": "Group", "apiGroup": GROUP, "name": "system:masters"}]
    assert bound["metadata"]["annotations"] == {"rbac.authorization.kubernetes.io/autoupdate": "true"}


def test_a_complete_cluster_accepts_them_all():
    server = Cluster(0, components=(), objects=bootstrap_objects()).server(fakes.Clock(), fakes.Dice(0))
    assert server.store.count("clusterroles") + server.store.count("roles") > 60


# --- bindings -----------------------------------------------------------------------------------------


def test_a_binding_to_a_group_and_to_an_account(server):
    reader = role("reader", "get core pods")
    add(server, reader, binding("team", reader, "team", kind="Group"))
    add(server, binding("bot", reader, "bot", namespace="default", kind="ServiceAccount"))
    assert may(server, ALICE, "get", "pods")
    assert not may(server, BOB, "get", "pods")
    bot = User.called("system:serviceaccount:default:bot")
    assert may(server, bot, "get", "pods", "default")
    assert not may(server, bot, "get", "pods", "kube-system")


def test_why_it_is_allowed(server):
    reader = role("reader", "get core pods", namespace="default")
    add(server, reader, binding("bot", reader, "bot", namespace="default", kind="ServiceAccount"))
    bot = User.called("system:serviceaccount:default:bot")
    asked = Attributes(bot, "get", "default", "", "v1", "pods")
    said = 'RBAC: allowed by RoleBinding "bot/default" of Role "reader" to ServiceAccount "bot/default"'
    assert server.authorizer.authorize(asked) == (True, said)


def test_a_binding_to_a_role_that_is_not_there(server):
    add(
        server,
        binding("b", role("missing")),
        binding("c", role("gone", namespace="default"), namespace="default"),
    )
    asked = Attributes(BOB, "get", "default", "", "v1", "pods")
    said = f'RBAC: [clusterrole.{GROUP} "missing" not found, role.{GROUP} "gone" not found]'
    assert server.authorizer.authorize(asked) == (False, said)


names = st.sampled_from(["bob", "alice", "team"])
words = st.lists(st.sampled_from(["get", "list", "create", "*"]), min_size=1, max_size=2, unique=True)
things = st.lists(st.sampled_from(["pods", "pods/log", "*/log", "secrets", "*"]), min_size=1, max_size=2)
rules = st.builds(
    lambda verbs, resources: {"verbs": verbs, "apiGroups": [""], "resources": resources}, words, things
)
grants = st.tuples(names, st.sampled_from(["User", "Group"]), st.sampled_from(["", "default"]), rules)


def _store(found: list[tuple[str, str, str, Object]]) -> Store:
    store = Store()
    for i, (name, kind, namespace, one) in enumerate(found):
        mine = {**role(f"r{i}"), "rules": [one]}
        store.put("clusterroles", f"r{i}", mine)
        bound = binding(f"b{i}", mine, name, namespace, kind)
        key = f"{namespace}/b{i}" if namespace else f"b{i}"
        store.put("rolebindings" if namespace else "clusterrolebindings", key, bound)
    return store


@given(st.lists(grants, max_size=4), grants, words, things)
def test_a_binding_never_takes_anything_away(before, more, verbs, resources):
    one, other = Authorizer(_store(before)), Authorizer(_store([*before, more]))
    for verb in verbs:
        for what in resources:
            resource, _, subresource = what.partition("/")
            asked = Attributes(ALICE, verb, "default", "", "v1", resource, subresource)
            assert other.authorize(asked)[0] >= one.authorize(asked)[0]


@given(st.lists(rules, max_size=3), st.lists(rules, max_size=3))
def test_what_is_missing_is_just_what_is_not_allowed(held, wanted):
    lacking = missing(held, wanted)
    for part in (p for r in wanted for p in breakdown(r)):
        resource, _, subresource = part["resources"][0].partition("/")
        if ALL in (resource, part["verbs"][0]):
            continue  # everything is more than all that can be asked for one by one
        asked = Attributes(BOB, part["verbs"][0], "default", "", "v1", resource, subresource)
        assert (part in lacking) is not any(allows(r, asked) for r in held)


# --- nobody grants what he has not --------------------------------------------------------------------


def attempt(server: ApiServer, obj: Object, user: User = BOB, old: Object | None = None) -> None:
    resource, m = Kinds().of(obj), obj["metadata"]
    request = Request("update" if old else "create", resource, m.get("namespace", ""), m["name"], user=user)
    check_escalation(server, Write(request, resource, obj, old))


def test_to_write_a_role_one_must_have_what_it_allows(server):
    power = role("power", "get core secrets", namespace="default")
    with pytest.raises(Forbidden) as refused:
        attempt(server, power)
    assert refused.value.message == (
        'roles.rbac.authorization.k8s.io "power" is forbidden: user "bob" (groups=["system:authenticated"]) is '
        "attempting to grant RBAC permissions not currently held:\n"
        '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}'
    )
    assert refused.value.details == {"name": "power", "group": GROUP, "kind": "roles"}
    reads = role("reads", "get core *")
    add(server, reads, binding("reads", reads, namespace="default"))
    attempt(server, power)
    with pytest.raises(Forbidden):
        attempt(server, role("power", "get core secrets"))  # for all namespaces is more than for one


def test_what_is_missing_is_said_once_and_in_order():
    lacking = missing(
        [rule("get core pods")], [rule("get,list,watch core pods,nodes"), rule("get /metrics,/x")]
    )
    assert sorted(map(describe, compact(lacking))) == [
        '{APIGroups:[""], Resources:["nodes"], Verbs:["get" "list" "watch"]}',
        '{APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}',
        '{NonResourceURLs:["/metrics"], Verbs:["get"]}',
        '{NonResourceURLs:["/x"], Verbs:["get"]}',
    ]


def test_masters_and_escalators_may(server):
    power = role("power", "* * *")
    attempt(server, power, ADMIN)
    maker = role("maker", "escalate rbac.authorization.k8s.io clusterroles")
    add(server, maker, binding("maker", maker))
    attempt(server, power)


def test_a_binding_grants_what_its_role_allows(server):
    edit = named("ClusterRole", "edit")
    with pytest.raises(Forbidden, match="attempting to grant RBAC permissions not currently held"):
        attempt(server, binding("b", edit, namespace="default"))
    with pytest.raises(NotFound):
        attempt(server, binding("b", named("ClusterRole", "missing"), namespace="default"))
    binder = role("binder", "bind rbac.authorization.k8s.io clusterroles edit")
    add(server, binder, binding("binder", binder))
    attempt(server, binding("b", edit, namespace="default"))
    with pytest.raises(Forbidden):
        attempt(server, binding("b", named("ClusterRole", "admin"), namespace="default"))


def test_only_cluster_administrators_aggregate(server):
    gathers = {**role("all"), "rules": None, "aggregationRule": {"clusterRoleSelectors": [{}]}}
    with pytest.raises(Forbidden, match="must have cluster-admin privileges to use the aggregationRule"):
        attempt(server, gathers)
    add(server, binding("root", named("ClusterRole", "cluster-admin")))
    attempt(server, gathers)


def test_letting_go_is_always_possible(server):
    held = role("power", "* * *", metadata={"finalizers": ["example.com/hold"]})
    attempt(server, role("power", "* * *"), old=held)
    with pytest.raises(Forbidden):
        attempt(server, role("power", "* * *", metadata={"labels": {"a": "b"}}), old=held)


# --- saying no ----------------------------------------------------------------------------------------

REFUSALS = [
    (
        Attributes(BOB, "list", "ns", "", "v1", "pods"),
        'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "ns"',
        {"kind": "pods"},
    ),
    (
        Attributes(BOB, "get", "", "apps", "v1", "deployments", "scale", "web"),
        'deployments.apps "web" is forbidden: User "bob" cannot get resource "deployments/scale" in API group "apps" '
        "at the cluster scope",
        {"name": "web", "group": "apps", "kind": "deployments"},
    ),
    (
        Attributes(ANONYMOUS, "get", path="/metrics"),
        'forbidden: User "system:anonymous" cannot get path "/metrics"',
        {},
    ),
    (
        Attributes(User.called("<b>"), "get", path="/&"),
        'forbidden: User "&lt;b&gt;" cannot get path "/&amp;"',
        {},
    ),
]


@pytest.mark.parametrize(("asked", "message", "details"), REFUSALS)
def test_the_words_of_a_refusal(asked, message, details):
    error = forbidden(asked)
    assert (error.message, error.details, error.code) == (message, details, 403)
    assert error.status()["details"] == details


# --- acting as somebody else --------------------------------------------------------------------------

LIST_PODS = Attributes(BOB, "list", "default", "", "v1", "pods")


def acting(
    server: ApiServer, who: User, asked: Attributes | None = LIST_PODS, **headers: str | list[str]
) -> User:
    repeated = {
        f"impersonate-{k.replace('_', '-')}": v if isinstance(v, list) else [v] for k, v in headers.items()
    }
    first = {k: v[0] for k, v in repeated.items()}
    return impersonate(server.authorizer, who, first, repeated, asked and asked._replace(user=who))


def test_nobody_else_without_headers(server):
    assert acting(server, BOB) is BOB


def test_administrators_act_as_anybody(server):
    assert acting(server, ADMIN, user="carol") == User("carol", ("system:authenticated",))
    full = acting(server, ADMIN, user="carol", group=["a", "b"], uid="7", extra_scopes=["x", "y"])
    assert full == User("carol", ("a", "b", "system:authenticated"), "7", (("scopes", ("x", "y")),))
    bot = acting(server, ADMIN, user="system:serviceaccount:ns:bot")
    assert bot.groups == ("system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated")
    assert acting(server, ADMIN, user="system:anonymous").groups == ("system:unauthenticated",)
    assert acting(server, ADMIN, user="system:node:n1").groups == ("system:nodes", "system:authenticated")
    assert "system:masters" in acting(server, ADMIN, user="carol", group="system:masters").groups


def test_a_group_without_a_name(server):
    with pytest.raises(BadRequest) as refused:
        acting(server, ADMIN, group="a")
    assert refused.value.message == (
        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"a"}, Extra:map[string][]string(nil)} '
        "without impersonating a user name"
    )


def test_others_must_be_allowed(server):
    with pytest.raises(Forbidden) as refused:
        acting(server, BOB, user="carol")
    assert refused.value.message == (
        'pods is forbidden: User "bob" cannot impersonate-on:user-info:list resource "pods" in API group "" '
        'in the namespace "default"'
    )
    with pytest.raises(
        Forbidden, match='users "carol" is forbidden: User "bob" cannot impersonate resource "users"'
    ):
        acting(server, BOB, None, user="carol")


def test_the_verb_impersonate_is_enough(server):
    actor = role("actor", "impersonate core users carol", "impersonate core groups team")
    add(server, actor, binding("actor", actor))
    assert acting(server, BOB, user="carol", group="team").groups == ("team", "system:authenticated")
    with pytest.raises(Forbidden):
        acting(server, BOB, user="carol", group="system:masters")
    with pytest.raises(Forbidden):
        acting(server, BOB, user="dave")


def test_constrained_impersonation_needs_both_halves(server):
    actor = role("actor", "impersonate:user-info authentication.k8s.io users carol")
    add(server, actor, binding("actor", actor))
    with pytest.raises(Forbidden):
        acting(server, BOB, user="carol")
    act = role("act", "impersonate-on:user-info:list core pods")
    add(server, act, binding("act", act))
    assert acting(server, BOB, user="carol").name == "carol"
    with pytest.raises(Forbidden):
        acting(server, BOB, LIST_PODS._replace(verb="delete"), user="carol")


# --- nodes --------------------------------------------------------------------------------------------


def test_a_kubelet_has_only_what_its_pods_use(server):
    volumes = [
        {"name": "a", "secret": {"secretName": "mine"}},
        {"name": "b", "projected": {"sources": [{"configMap": {"name": "settings"}}]}},
    ]
    container = {"name": "c", "image": "i", "envFrom": [{"secretRef": {"name": "env"}}]}
    add(
        server,
        fakes.pod(
            "web", nodeName="node-0", volumes=volumes, containers=[container], serviceAccountName="bot"
        ),
    )
    add(
        server,
        fakes.pod("other", nodeName="node-1", volumes=[{"name": "a", "secret": {"secretName": "theirs"}}]),
    )
    for resource, name, expected in (
        ("secrets", "mine", True),
        ("secrets", "env", True),
        ("secrets", "theirs", False),
        ("configmaps", "settings", True),
        ("configmaps", "mine", False),
    ):
        assert may(server, KUBELET, "get", resource, "default", name) is expected
    assert not may(server, KUBELET, "list", "secrets", "default")
    assert may(server, KUBELET, "create", "serviceaccounts/token", "default", "bot")
    assert not may(server, KUBELET, "create", "serviceaccounts/token", "default", "default")
    assert may(server, KUBELET, "patch", "nodes/status", name="node-0")
    assert not may(server, KUBELET, "delete", "nodes", name="node-0")
    lease = Attributes(
        KUBELET, "update", "kube-node-lease", "coordination.k8s.io", "v1", "leases", "", "node-1"
    )
    allowed, reason = server.authorizer.authorize(lease)
    assert not allowed
    assert reason == "can only access node lease with the same name as the requesting node"


# --- aggregation --------------------------------------------------------------------------------------


def test_a_role_is_made_of_others():
    sim = world(ClusterRoleAggregationController)
    selector = {"matchLabels": {"part": "yes"}}
    sim.create({**role("whole"), "rules": None, "aggregationRule": {"clusterRoleSelectors": [selector]}})
    sim.create(role("b", "get core pods", "list core pods", metadata={"labels": {"part": "yes"}}))
    sim.create(role("a", "get core pods", "get core nodes", metadata={"labels": {"part": "yes"}}))
    sim.create(role("other", "* * *"))
    sim.run()

    def whole() -> list[Object]:
        return sim.client.get("clusterroles", "whole")["rules"]

    assert whole() == [rule(r) for r in ("get core pods", "get core nodes", "list core pods")]
    sim.client.delete("clusterroles", "a")
    sim.run()
    assert whole() == [rule(r) for r in ("get core pods", "list core pods")]
    sim.client.patch("clusterroles", "whole", patch={"rules": [rule("* * *")]})
    sim.run()
    assert whole() == [rule(r) for r in ("get core pods", "list core pods")]
