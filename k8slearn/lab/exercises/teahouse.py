"""The tea house of lesson 12: definitions of kinds made of what a lesson or an exercise is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from k8slearn.api.errors import ApiError
from k8slearn.api.objects import Object
from k8slearn.client import Client
from k8slearn.lab.drill import Broken, Promise, Scene, Unsolved
from k8slearn.lab.exercises.servers import api_server

GROUP = "tea.example.com"


def definition(plural: str, kind: str, *versions: Object, **spec: Any) -> Object:
    """A CustomResourceDefinition, ready to be created. `spec`: what else it says, such as ``conversion``."""
    names = {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": names,
            "versions": list(versions),
            **spec,
        },
    }


def version(name: str, schema: Object, *, stored: bool = False, **more: Any) -> Object:
    """One version of a definition. `more`: what else it has, such as ``subresources``."""
    return {
        "name": name,
        "served": True,
        "storage": stored,
        "schema": {"openAPIV3Schema": schema},
        **more,
    }


def schema(*rules: Object, **fields: Object) -> Object:
    """The schema of an object whose spec has these fields, and keeps these rules."""
    spec: Object = {"type": "object", "properties": fields}
    if rules:
        spec["x-kubernetes-validations"] = list(rules)
    return {"type": "object", "properties": {"spec": spec}}


def teapots(*versions: Object, **spec: Any) -> Object:
    """The definition of teapots, in these versions."""
    return definition("teapots", "Teapot", *versions, **spec)


def teapot(name: str, version: str = "v1", **spec: Any) -> Object:
    """A teapot, ready to be created."""
    return made("Teapot", name, version, **spec)


def made(kind: str, name: str, version: str = "v1", **spec: Any) -> Object:
    """An object of one of the tea house's kinds."""
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": f"{GROUP}/{version}", "kind": kind, "metadata": metadata, "spec": spec}


# --- for exercises whose answer is part of a definition ------------------------------------------

#: What is in the API server's refusal of a definition, and what it is evidence of.
REFUSALS = {
    "must not be empty for specified object fields": "no type",
    "cannot unmarshal": "wrong form",
    "compilation failed": "does not compile",
}


def read(text: str) -> Any:
    """What a learner has written in YAML. Raises Unsolved while a ``...`` is left in it, and YAMLError."""
    if any(line.strip().startswith("...") for line in text.splitlines()):
        raise Unsolved
    return yaml.safe_load(text)


def served(scene: Scene, text: str, define: Callable[[Any], Object], accepted: Promise) -> Client:
    """A client of a server that serves the definition which `define` makes of the text.

    The promise is broken when it is no YAML, or when the definition is refused.
    """
    try:
        return Client(api_server(define(read(text))))
    except yaml.YAMLError as error:
        raise Broken(accepted, f"this is no YAML: {error}", "no YAML") from None
    except ApiError as error:
        scene.tell(f"the definition is created: {error.code} {error.reason}")
        facts = [fact for words, fact in REFUSALS.items() if words in error.message]
        raise Broken(accepted, error.message, *facts) from None
