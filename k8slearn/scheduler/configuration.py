"""A scheduler from a KubeSchedulerConfiguration: several profiles, each with plugins, weights and arguments.

    profiles:
    - schedulerName: tight
      plugins:
        multiPoint: {disabled: [{name: ImageLocality}], enabled: [{name: NodeAffinity, weight: 5}]}
        score: {disabled: [{name: PodTopologySpread}]}
      pluginConfig:
      - name: NodeResourcesFit
        args: {scoringStrategy: {type: MostAllocated}}

`multiPoint` is about a plugin as a whole, the other words are about one extension point. What is enabled comes after
the default plugins, ``disabled: [{name: "*"}]`` leaves out all of these.

Kubernetes: pkg/scheduler/apis/config, framework/runtime/framework.go (NewFramework)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple

from k8slearn.scheduler.framework import POINTS
from k8slearn.scheduler.plugins import IN_TREE
from k8slearn.scheduler.queue import FIRST_BACKOFF, LONGEST_BACKOFF
from k8slearn.scheduler.runtime import Framework

DEFAULT = "default-scheduler"
KIND, API_VERSION = "KubeSchedulerConfiguration", "kubescheduler.config.k8s.io/v1"

#: The words of the configuration -> our methods.
WORDS = {re.sub("_(.)", lambda m: m[1].upper(), point): point for point in POINTS}
WORDS |= {"queueSort": "sort_key"}
del WORDS["sortKey"], WORDS["unreserve"]
ONE_IS_NEEDED = {"sort_key": "queue sort", "bind": "bind"}


class BadConfiguration(ValueError):
    """It cannot be run like that. Says where and why."""


class Configuration(NamedTuple):
    """What Scheduler wants to know."""

    profiles: dict[str, Framework]
    backoffs: tuple[float, float]


def read(config: Mapping[str, Any], plugins: Sequence[Any] = ()) -> Configuration:
    """`plugins`: those that are not in the tree, ready to be enabled by name. Raises BadConfiguration."""
    for field, right in (("apiVersion", API_VERSION), ("kind", KIND)):
        if config.get(field, right) != right:
            raise BadConfiguration(f'{field}: "{config[field]}" is not "{right}"')
    profiles: dict[str, Framework] = {}
    for profile in config.get("profiles") or [{}]:
        name = profile.get("schedulerName") or DEFAULT
        if name in profiles:
            raise BadConfiguration(f'profiles: duplicate value: "{name}"')
        try:
            profiles[name] = _framework(profile, plugins)
        except (ValueError, TypeError) as error:
            raise BadConfiguration(f'profile "{name}": {error}') from error
    _check_queue(profiles)
    first = float(config.get("podInitialBackoffSeconds", FIRST_BACKOFF))
    longest = float(config.get("podMaxBackoffSeconds", LONGEST_BACKOFF))
    if not 0 < first <= longest:
        raise BadConfiguration(
            "podMaxBackoffSeconds: must be greater than or equal to PodInitialBackoffSeconds"
        )
    return Configuration(profiles, (first, longest))


def _framework(profile: Mapping[str, Any], others: Sequence[Any]) -> Framework:
    wishes: dict[str, Any] = dict(profile.get("plugins") or {})
    unknown = sorted(set(wishes) - set(WORDS) - {"multiPoint"})
    if unknown:
        raise BadConfiguration(f'plugins: "{unknown[0]}" is no extension point; {", ".join(WORDS)} are')
    made = _made(profile.get("pluginConfig") or (), others)
    chosen = _merged([p.__name__ for p in IN_TREE], wishes.pop("multiPoint", {}), made)
    points = {}
    for word, wish in wishes.items():
        able = [name for name in chosen if hasattr(made[name], WORDS[word])]
        points[WORDS[word]] = _merged(able, wish, made)
    if "reserve" in points:
        points["unreserve"] = points["reserve"]
    named = dict.fromkeys([*chosen, *(name for names in points.values() for name in names)])
    everywhere = {point: [n for n in chosen if hasattr(made[n], point)] for point in POINTS}
    framework = Framework([made[name] for name in named], {**everywhere, **points})
    for point, words in ONE_IS_NEEDED.items():
        if not framework.at(point):
            raise BadConfiguration(f"at least one {words} plugin is needed")
    return framework


def _merged(names: list[str], wish: Mapping[str, Any], made: Mapping[str, Any]) -> list[str]:
    """The names without the disabled ones, and then the enabled ones; weights are taken over."""
    gone = {p["name"] for p in wish.get("disabled") or ()}
    kept = [] if "*" in gone else [name for name in names if name not in gone]
    for enabled in wish.get("enabled") or ():
        name = enabled["name"]
        _known(name, made)
        if enabled.get("weight"):
            made[name].weight = enabled["weight"]
        if name not in kept:
            kept.append(name)
    return kept


def _made(arguments: Sequence[Mapping[str, Any]], others: Sequence[Any]) -> dict[str, Any]:
    """Every plugin that could be meant, made with its arguments. They are this profile's own."""
    args = {a["name"]: a.get("args") or {} for a in arguments}
    made = {p.__name__: p for p in IN_TREE}
    for name in args:
        _known(name, {**made, **{p.name: p for p in others}})
    ready: dict[str, Any] = {name: plugin(**_snake(args.get(name, {}))) for name, plugin in made.items()}
    return ready | {p.name: copy(p) for p in others}


def _snake(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """scoringStrategy -> scoring_strategy. What stands deeper is left as it is."""
    names = {re.sub("[A-Z]", lambda m: f"_{m[0].lower()}", key): value for key, value in arguments.items()}
    return {key: value for key, value in names.items() if key not in ("api_version", "kind")}


def _known(name: str, made: Mapping[str, Any]) -> None:
    if name not in made:
        raise BadConfiguration(f'plugin "{name}" does not exist; there are {", ".join(sorted(made))}')


def _check_queue(profiles: Mapping[str, Framework]) -> None:
    """There is one queue, so there is one order."""
    names = {framework.first("sort_key").name for framework in profiles.values()}
    if len(names) > 1:
        raise BadConfiguration("profiles: different queue sort plugins")
