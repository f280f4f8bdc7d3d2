"""YAML as kubectl reads it: every document becomes plain JSON data.

kubectl converts YAML to JSON with a YAML 1.1 library, which has surprises that manifests depend on:
``yes``, ``on`` and even ``y`` are booleans, ``0644`` is octal, a timestamp stays a string, every key becomes
a string. Read `manifests` first.

Kubernetes: sigs.k8s.io/yaml; the scalars: go.yaml.in/yaml/v2/resolve.go
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

MOST_ALIASED = 100_000  # values that may come out of aliases before we suspect a bomb
PLAIN = "plain"  # the tag we give to scalars without quotes and without a tag

_WORDS: dict[str, Any] = {
    **dict.fromkeys(["", "~", "null", "Null", "NULL"]),
    **dict.fromkeys(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"], True),
    **dict.fromkeys(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"], False),
}
_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9][0-9]*|0)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NO_JSON = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class _Loader(yaml.SafeLoader):
    """Composes nodes only; which value a plain scalar means is decided in `scalar`."""

    yaml_implicit_resolvers: dict[Any, Any] = {None: [(PLAIN, re.compile(".*", re.DOTALL))]}


class YamlError(ValueError):
    """Something is wrong in line `line` (counted from 1; 0 when unknown)."""

    def __init__(self, problem: str, line: int = 0) -> None:
        super().__init__(problem)
        self.line = line


# PyYAML's words, and those that Go's library has for the same mistake.
_IN_GO = (
    (r"mapping values are not allowed here", "mapping values are not allowed in this context"),
    (r"expected ('.' or '.'|',' or '.'), but got.*", r"did not find expected \1"),
    (r"expected the node content, but found.*", "did not find expected node content"),
    (r"expected '<document start>', but found.*", "did not find expected <document start>"),
    (r"expected (alphabetic or numeric character), but found.*", r"did not find expected \1"),
    (r"found character .* that cannot start any token", "found character that cannot start any token"),
    (r"found undefined alias '?(.*?)'?", r"unknown anchor '\1' referenced"),
    (r"special characters are not allowed", "control characters are not allowed"),
)


def documents(text: str, repeated: list[str] | None = None) -> Iterator[tuple[Any, int]]:
    """(data, line where it starts) of each document that is not empty.

    A key that comes twice is an error; or, who gives a list gets the complaint in it, and the last value.
    """
    try:
        for node in yaml.compose_all(text, Loader=_Loader):
            if node is not None and not (node.tag == PLAIN and node.value == ""):
                yield _Converter(repeated).value(node), node.start_mark.line + 1
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(_problem(error), mark.line + 1 if mark else 0) from None
    except yaml.YAMLError as error:
        raise YamlError("control characters are not allowed", _line(text, error)) from None
    except RecursionError:
        raise YamlError("exceeded max depth of 10000") from None


def _line(text: str, error: yaml.YAMLError) -> int:
    position = getattr(error, "position", None)
    return text.count("\n", 0, position) + 1 if position is not None else 0


def _problem(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or ""
    if problem.startswith("expected <block end>"):
        inside = "'-' indicator" if "collection" in (error.context or "") else "key"
        return f"did not find expected {inside}"
    for pattern, words in _IN_GO:
        problem = re.sub(f"^{pattern}$", words, problem)
    return problem


def scalar(text: str) -> Any:
    """What an unquoted scalar means: null, a boolean, a number or a string."""
    if text in _WORDS:
        return _WORDS[text]
    if not text[0].isdigit() and text[0] not in "+-.":
        return text
    digits = text.replace("_", "")
    if _INTEGER.fullmatch(digits):
        return int(re.sub("^([-+]?)0([0-7])", r"\g<1>0o\2", digits), 0)
    if _FLOAT.fullmatch(digits):
        return _number(float(digits))
    if _NO_JSON.fullmatch(text):
        raise YamlError(f"json: unsupported value: {text}")
    return text


def _number(value: float) -> float | int:
    """JSON has one kind of number: ``1.0`` is written ``1``."""
    return int(value) if value.is_integer() and abs(value) < 1e21 else value


class _Converter:
    """Nodes to data, for one document."""

    def __init__(self, repeated: list[str] | None = None) -> None:
        self.repeated = repeated
        self.seen: set[int] = set()
        self.open: set[int] = set()
        self.aliased = 0

    def value(self, node: yaml.Node) -> Any:
        self._count(node)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        self.open.add(id(node))
        data: Any
        if isinstance(node, yaml.MappingNode):
            data = self._mapping(node)
        else:
            data = [self.value(item) for item in node.value]
        self.open.discard(id(node))
        return data

    def _count(self, node: yaml.Node) -> None:
        """Refuses anchors that contain themselves, and documents that aliases blow up."""
        if id(node) in self.open:
            raise YamlError("anchor value contains itself", node.start_mark.line + 1)
        self.aliased += id(node) in self.seen
        self.seen.add(id(node))
        if self.aliased > MOST_ALIASED:
            raise YamlError("document contains excessive aliasing")

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        if node.tag == PLAIN:
            try:
                return scalar(node.value)
            except YamlError as error:
                raise YamlError(str(error), node.start_mark.line + 1) from None
        if node.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:bool"):
            return scalar(node.value)
        return node.value

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        data: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == PLAIN and key_node.value == "<<":
                merged = {**self._merge(value_node), **merged}
                continue
            key = self._key(key_node)
            if key in data:
                self._repeat(key, key_node.start_mark.line + 1)
            data[key] = self.value(value_node)
        return {**merged, **data} if merged else data

    def _repeat(self, key: str, line: int) -> None:
        complaint = f'line {line}: key "{key}" already set in map'
        if self.repeated is None:
            raise YamlError(f"unmarshal errors:\n  {complaint}", line)
        self.repeated.append(complaint)

    def _merge(self, node: yaml.Node) -> dict[str, Any]:
        """``<<: *base`` or ``<<: [*a, *b]``: the earlier wins."""
        parts = reversed(node.value) if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, Any] = {}
        for part in parts:
            data = self.value(part)
            if not isinstance(data, dict):
                line = node.start_mark.line + 1
                raise YamlError("map merge requires map or sequence of maps as the value", line)
            merged |= data
        return merged

    def _key(self, node: yaml.Node) -> str:
        key = self.value(node)
        if key is None or isinstance(key, (dict, list)):
            raise YamlError("unsupported map key", node.start_mark.line + 1)
        return str(key).lower() if isinstance(key, bool) else str(key)
