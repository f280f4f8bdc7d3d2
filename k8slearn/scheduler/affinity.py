"""What a pod says about the pods near it: each term of its pod (anti-)affinity, made ready to be asked.

Kubernetes: pkg/scheduler/framework/types.go (AffinityTerm, WeightedAffinityTerm, newAffinityTerm)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from k8slearn.api.objects import Object, dig, labels_of, namespace_of
from k8slearn.api.selectors import LabelSelector, Requirement

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"

Labels = Mapping[str, str]


class Term(NamedTuple):
    """Pods that `selector` matches, in these namespaces, within one domain of the topology."""

    topology_key: str
    selector: LabelSelector
    namespaces: frozenset[str]
    namespace_selector: LabelSelector
    weight: int = 0  # of a preference: negative when such pods are shunned

    def matches(self, namespace: str, labels: Labels, namespace_labels: Labels) -> bool:
        here = namespace in self.namespaces or self.namespace_selector.matches(namespace_labels)
        return here and self.selector.matches(labels)


class Terms(NamedTuple):
    """All terms of one pod."""

    affinity: tuple[Term, ...] = ()
    anti_affinity: tuple[Term, ...] = ()
    preferred: tuple[Term, ...] = ()

    @property
    def keys(self) -> set[str]:
        """The labels that these terms look at."""
        return {r.key for terms in self for term in terms for r in term.selector.requirements}


NO_TERMS = Terms()


def terms_of(pod: Object) -> Terms:
    """NO_TERMS for most pods."""
    affinity = pod["spec"].get("affinity")
    if not affinity or not (affinity.get("podAffinity") or affinity.get("podAntiAffinity")):
        return NO_TERMS
    seeks, shuns = affinity.get("podAffinity") or {}, affinity.get("podAntiAffinity") or {}
    liked = [_term(pod, w["podAffinityTerm"], w["weight"]) for w in seeks.get(PREFERRED) or ()]
    disliked = [_term(pod, w["podAffinityTerm"], -w["weight"]) for w in shuns.get(PREFERRED) or ()]
    return Terms(
        tuple(_term(pod, t) for t in seeks.get(REQUIRED) or ()),
        tuple(_term(pod, t) for t in shuns.get(REQUIRED) or ()),
        (*liked, *disliked),
    )


def _term(pod: Object, term: Object, weight: int = 0) -> Term:
    """Without namespaces of its own, a term speaks of the pod's namespace."""
    named, chosen = term.get("namespaces") or (), term.get("namespaceSelector")
    own = () if named or chosen is not None else (namespace_of(pod),)
    selector = with_label_keys(LabelSelector.of(term.get("labelSelector")), pod, term.get("matchLabelKeys"))
    selector = with_label_keys(selector, pod, term.get("mismatchLabelKeys"), "NotIn")
    return Term(term["topologyKey"], selector, frozenset((*named, *own)), LabelSelector.of(chosen), weight)


def with_label_keys(
    selector: LabelSelector, pod: Object, keys: Iterable[str] | None, op: str = "In"
) -> LabelSelector:
    """The selector, and besides: the same value of these labels as `pod` has (NotIn: another one)."""
    labels = labels_of(pod)
    more = [Requirement(key, op, (labels[key],)) for key in keys or () if key in labels]
    return LabelSelector((*selector.requirements, *more)) if more else selector


def namespace_labels(found: Object | None, name: str) -> Labels:
    """Of a namespace; one that nobody has told us of has at least its name."""
    labels: Any = dig(found, "metadata", "labels")
    return labels or {"kubernetes.io/metadata.name": name}
