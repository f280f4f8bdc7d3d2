"""The columns that a definition asks for (`additionalPrinterColumns`): each is a path, and the type of what is there.

Kubernetes: apiextensions-apiserver/pkg/registry/customresource/tableconvertor/tableconvertor.go
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import Any

from k8slearn.api.duration import since
from k8slearn.api.objects import Object

AGE = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}  # if nothing is asked for
ABOUT_AGE = "CreationTimestamp is a timestamp representing the server time when this object was created."


class CustomColumn:
    """One column, as its definition describes it: name, type, jsonPath; format, description, priority."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.told = told
        self.name: str = told["name"]
        self.wide = bool(told.get("priority"))

    @cached_property
    def path(self) -> Any:
        """JSONPath as kubectl writes it, in the words of RFC 9535. None if it is not one."""
        import jsonpath  # loaded where somebody has columns of his own

        text = re.sub(r"((?:[\w/-]|\\.)*\\\.(?:[\w/-]|\\.)*)", _quoted, self.told["jsonPath"])
        try:
            return jsonpath.compile(f"${text.replace('.[', '[')}")
        except jsonpath.JSONPathError:
            return None

    def cell(self, obj: Object, now: float) -> Any:
        """What the column shows of this object: null where nothing is, or where it is of another type."""
        found = self.path.findall(obj) if self.path is not None else []
        if not found:
            return None
        try:
            return self._shown(found, now)
        except (TypeError, ValueError):
            return None

    def _shown(self, found: list[Any], now: float) -> Any:
        first, kind = found[0], self.told["type"]
        if kind == "date":
            return since(first, now) if first else "<unknown>"
        if kind == "integer":
            return int(first)
        if kind == "number":
            return float(first)
        if kind == "boolean":
            return first if isinstance(first, bool) else None
        return " ".join(v if isinstance(v, str) else json.dumps(v, separators=(",", ":")) for v in found)

    def definition(self) -> dict[str, Any]:
        """Kubernetes: metav1.TableColumnDefinition"""
        path = f"Custom resource definition column (in JSONPath format): {self.told['jsonPath']}"
        about = self.told.get("description") or path
        return {
            "name": self.name,
            "type": self.told["type"],
            "format": self.told.get("format", ""),
            "description": ABOUT_AGE if self.told is AGE else about,
            "priority": self.told.get("priority", 0),
        }


def _quoted(found: re.Match[str]) -> str:
    """A name with dots in it: ``x\\.io/y`` is written ``['x.io/y']``."""
    name = found[1].replace("\\.", ".")
    return f"['{name}']"
