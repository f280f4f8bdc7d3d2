"""Selectors: which objects are meant. By label, by field, and which nodes a pod wants.

Selectors are how Kubernetes joins things without naming them: a Service finds its pods, a Deployment its
ReplicaSets, a watch its objects. `selector_parser` reads the typed form; `field_selectors` has the
selectors for fields, which are imported from here as well.

Kubernetes: apimachinery/pkg/labels, apimachinery/pkg/fields, component-helpers/scheduling/corev1/nodeaffinity
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from k8slearn.api import selector_parser
from k8slearn.api.errors import BadRequest
from k8slearn.api.field_selectors import FieldSelector
from k8slearn.api.objects import Object, labels_of, name_of
from k8slearn.api.selector_parser import Requirement

__all__ = ["FieldSelector", "LabelSelector", "Requirement", "node_selector_matches", "node_term_matches"]

Labels = Mapping[str, str]


def _in(value: str | None, values: tuple[str, ...]) -> bool:
    return value in values


def _not_in(value: str | None, values: tuple[str, ...]) -> bool:
    return value not in values


def _exists(value: str | None, values: tuple[str, ...]) -> bool:
    return value is not None


def _does_not_exist(value: str | None, values: tuple[str, ...]) -> bool:
    return value is None


def _integer(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch("[+-]?[0-9]+", text) else None


def _greater(value: str | None, values: tuple[str, ...]) -> bool:
    have, want = _integer(value), _integer(values[0])
    return have is not None and want is not None and have > want


def _less(value: str | None, values: tuple[str, ...]) -> bool:
    have, want = _integer(value), _integer(values[0])
    return have is not None and want is not None and have < want


TESTS: dict[str, Callable[[str | None, tuple[str, ...]], bool]] = {
    "In": _in,
    "=": _in,
    "==": _in,
    "NotIn": _not_in,
    "!=": _not_in,
    "Exists": _exists,
    "DoesNotExist": _does_not_exist,
    "Gt": _greater,
    "Lt": _less,
}
OBJECT_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


class LabelSelector:
    """Requirements on labels, all of which must hold. Kubernetes: labels.Selector."""

    __slots__ = ("_equal", "_tests", "requirements")

    def __init__(self, requirements: Iterable[Requirement] = ()) -> None:
        self.requirements = tuple(requirements)
        equal = [r for r in self.requirements if r.op in ("=", "==")]
        self._equal = tuple((r.key, r.values[0]) for r in equal)
        self._tests = tuple((r.key, TESTS[r.op], r.values) for r in self.requirements if r not in equal)

    @staticmethod
    def parse(text: str) -> LabelSelector:
        """From the typed form, ``app=web,tier in (a,b),!canary``; "" selects everything."""
        return _parsed(text)

    @classmethod
    def of(cls, selector: Mapping[str, Any] | None) -> LabelSelector:
        """From ``{matchLabels, matchExpressions}``: {} selects everything, None nothing.

        Kubernetes: metav1.LabelSelectorAsSelector
        """
        if selector is None:
            return NOTHING
        equal = [Requirement(k, "=", (v,)) for k, v in (selector.get("matchLabels") or {}).items()]
        return cls(sorted(equal + [_expression(e) for e in selector.get("matchExpressions") or ()]))

    @classmethod
    def from_set(cls, labels: Labels | None) -> LabelSelector:
        """From plain labels, as a Service or a ReplicationController has them; {} selects everything."""
        return cls(Requirement(k, "=", (v,)) for k, v in sorted((labels or {}).items()))

    @property
    def empty(self) -> bool:
        """It restricts nothing."""
        return not self.requirements

    def matches(self, labels: Labels) -> bool:
        for key, value in self._equal:
            if labels.get(key) != value:
                return False
        return not self._tests or all(test(labels.get(key), values) for key, test, values in self._tests)

    def __str__(self) -> str:
        return ",".join(str(r) for r in self.requirements)

    def __repr__(self) -> str:
        return f"LabelSelector({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LabelSelector) and self.requirements == other.requirements

    def __hash__(self) -> int:
        return hash(self.requirements)


# No label can be both there and not there.
NOTHING = LabelSelector([Requirement("nothing", "Exists"), Requirement("nothing", "DoesNotExist")])


@lru_cache(maxsize=1024)
def _parsed(text: str) -> LabelSelector:
    return LabelSelector(selector_parser.parse(text))


def _expression(expression: Mapping[str, Any]) -> Requirement:
    op, values = expression.get("operator", ""), tuple(expression.get("values") or ())
    if op not in OBJECT_OPERATORS:
        raise BadRequest(f'"{op}" is not a valid label selector operator')
    if op in ("In", "NotIn") and not values:
        raise BadRequest("for 'in', 'notin' operators, values set can't be empty")
    return Requirement(expression.get("key", ""), op, tuple(sorted(set(values))))


# --- nodes ------------------------------------------------------------------------------------


def node_selector_matches(selector: Mapping[str, Any], node: Object) -> bool:
    """Does the node satisfy any of the selector's terms (``{nodeSelectorTerms: [...]}``)?"""
    return any(node_term_matches(term, node) for term in selector.get("nodeSelectorTerms") or ())


def node_term_matches(term: Mapping[str, Any], node: Object) -> bool:
    """All of ``matchExpressions`` (labels) and ``matchFields`` (the name); an empty term matches nothing."""
    expressions, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
    if not expressions and not fields:
        return False
    labels, names = labels_of(node), {"metadata.name": name_of(node)}
    return all(_holds(e, labels) for e in expressions) and all(_holds(f, names) for f in fields)


def _holds(expression: Mapping[str, Any], values: Labels) -> bool:
    test = TESTS.get(expression["operator"])
    return test is not None and test(values.get(expression["key"]), tuple(expression.get("values") or ()))
