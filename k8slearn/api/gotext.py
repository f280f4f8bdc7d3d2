"""Values as Go prints them with ``%v`` and ``%#v``: some of Kubernetes' messages are made that way.

Kubernetes: package fmt of the Go standard library
"""

from __future__ import annotations

import json
from typing import Any


def plain(value: Any) -> str:
    """``%v``: ``map[image:nginx ports:[80 443]]``"""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{k}:{plain(value[k])}' for k in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(plain, value))}]"
    return _scalar(value, "<nil>")


def syntax(value: Any) -> str:
    """``%#v``: ``map[string]interface {}{"image":"nginx"}``"""
    if isinstance(value, dict):
        items = ", ".join(f"{syntax(k)}:{syntax(value[k])}" for k in sorted(value))
        return f"map[string]interface {{}}{{{items}}}"
    if isinstance(value, list):
        return f"[]interface {{}}{{{', '.join(map(syntax, value))}}}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return _scalar(value, "interface {}(nil)")


def type_name(value: Any) -> str:
    """``%T`` of decoded JSON, whose numbers are whole where they can be."""
    names = {
        dict: "map[string]interface {}",
        list: "[]interface {}",
        str: "string",
        bool: "bool",
        int: "int64",
    }
    return next((name for cls, name in names.items() if type(value) is cls), "float64" if value else "<nil>")


def _scalar(value: Any, nil: str) -> str:
    if value is None:
        return nil
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return str(value)
