"""The CustomResourceDefinitions of the operators: one YAML file each, as one would hand it to kubectl."""

from __future__ import annotations

from importlib.resources import files

import yaml

from k8slearn.api.objects import Object

PLURALS = ("buckets", "databases", "rotations", "websites")


def definition(plural: str) -> Object:
    """The definition of a kind, ready to be created."""
    text = files(__name__).joinpath(f"{plural}.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def definitions() -> list[Object]:
    return [definition(plural) for plural in PLURALS]
