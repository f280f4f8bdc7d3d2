"""The ledger, `docs/fidelity.md`: what is the same as in Kubernetes, what is simpler, what is absent.

It is written from three sources, so that nobody has to remember to: the tables in the code (what is there),
`docs/simplified.yaml` (how it differs), and a replay of all stories (whether it does what it says).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from k8slearn import cluster
from k8slearn.api.kinds import BUILTIN, Resource
from k8slearn.api.resources import SUBRESOURCES, VERBS
from k8slearn.apiserver.admission import DEFAULT
from k8slearn.apiserver.tables import columns
from k8slearn.scheduler.plugins import DEFAULT_PLUGINS
from tools.fidelity import score

ROOT = Path(__file__).resolve().parents[2]
LEDGER, DECLARED = ROOT / "docs" / "fidelity.md", ROOT / "docs" / "simplified.yaml"
VERDICTS = ("same", "simplified", "absent")
INTRODUCTION = """\
# Fidelity: the same, simplified, absent

How k8slearn differs from Kubernetes v1.36. Written by `make fidelity ARGS=--write` from the tables in the code, from
[`simplified.yaml`](simplified.yaml), and from a replay of [recorded exchanges](../tests/fidelity/README.md);
do not edit it. *Same* means that no difference is known; how far that was tried, the score says.
"""

Row = Mapping[str, str]
Section = Mapping[str, Row]


class Unaccounted(Exception):
    """The code and simplified.yaml do not agree on what there is."""


def write(played: score.Played) -> None:
    LEDGER.write_text(text(played, score.read_misses(score.MISSES)), "utf-8")


def text(played: score.Played, misses: score.Misses) -> str:
    """The whole ledger. Raises Unaccounted."""
    declared = yaml.safe_load(DECLARED.read_text("utf-8"))
    check(declared)
    parts = [
        INTRODUCTION,
        *_score(played, misses),
        *_kinds(declared["kinds"]),
        *_section("Subresources", declared["subresources"], "subresource"),
        *_section("Admission", declared["admission"], "plugin, in their order"),
        *_section("Controllers", declared["controllers"], "controller"),
        *_section("Scheduler", declared["scheduler"], "plugin of the default profile"),
        *_elsewhere(declared["elsewhere"]),
    ]
    return "\n".join(parts) + "\n"


# --- does simplified.yaml speak of what there is? ---


def check(declared: Mapping[str, Any]) -> None:
    """Whatever is declared as being there is, and whatever is there is declared."""
    plurals = {r.plural for r in BUILTIN}
    agree("kinds", set(declared["kinds"]) & plurals, set(declared["kinds"]))
    agree("subresources", set(declared["subresources"]), set(SUBRESOURCES))
    agree("admission", set(present(declared["admission"])), {p.name for p in DEFAULT})
    made = {_made(c) for c in cluster.Cluster.complete(1, cloud="a").components} - {"Scheduler"}
    agree("controllers", set(present(declared["controllers"]).values()), made)
    elsewhere = {m.name for m in pkgutil.iter_modules(importlib.import_module("k8slearn.scheduler").__path__)}
    found = {ours for ours in present(declared["scheduler"]).values() if ours not in elsewhere}
    agree("scheduler", found, {p.name for p in DEFAULT_PLUGINS})


def present(section: Section) -> dict[str, str]:
    """Kubernetes' name -> ours, of what is not absent."""
    return {name: row.get("ours", name) for name, row in section.items() if "absent" not in row}


def _made(component: Any) -> str:
    return str((component.func if isinstance(component, partial) else component).__name__)


def agree(section: str, declared: set[str], there: set[str]) -> None:
    if declared != there:
        odd = ", ".join(sorted(declared ^ there))
        raise Unaccounted(f"{section}: either the code or simplified.yaml knows nothing of: {odd}")


# --- the parts of the ledger ---


def _table(*rows: Iterable[object], right: Iterable[int] = ()) -> Iterator[str]:
    """A Markdown table; the first row is its head."""
    for number, row in enumerate(rows):
        cells = [str(cell).replace("|", "\\|") for cell in row]
        yield f"| {' | '.join(cells)} |"
        if number == 0:
            yield "|" + "|".join("---:" if i in set(right) else "---" for i in range(len(cells))) + "|"


def _score(played: score.Played, misses: score.Misses) -> Iterator[str]:
    areas = score.by_area(played)
    yield "## Score\n"
    yield "Answers that agree with Kubernetes': in code, kind and reason (*status*), in every field that it"
    yield "gave (*fields*), in everything (*exact*).\n"
    lines = [(area, *tally) for area, tally in (*areas.items(), ("**all**", score.total(areas)))]
    yield from _table(("area", "stories", "answers", "status", "fields", "exact"), *lines, right=range(1, 6))
    yield "\nWhat does not agree exactly yet:\n"
    missed = [(about, len(miss["steps"]), miss["because"]) for about, miss in misses.items()]
    yield from _table(("story", "answers", "because"), *missed, right=[1])


def _kinds(exceptions: Section) -> Iterator[str]:
    yield "\n## Kinds\n"
    yield "*All* verbs are get, list, watch, create, update, patch, delete and deletecollection. *Columns*: what"
    yield "`kubectl get` shows, and in brackets what `-o wide` adds.\n"
    rows = [
        (
            r.api_version,
            r.kind,
            _verbs(r),
            ", ".join(r.subresources),
            _columns(r),
            _verdict(exceptions.get(r.plural, {})),
        )
        for r in BUILTIN
    ]
    yield from _table(("version", "kind", "verbs", "subresources", "columns", "is"), *rows)
    yield (
        "\nVersions that Kubernetes serves only when it is told to are absent: "
        + ", ".join(_unserved())
        + "."
    )


def _verbs(resource: Resource) -> str:
    return "all" if set(resource.verbs) == set(VERBS) else ", ".join(resource.verbs)


def _columns(resource: Resource) -> str:
    if resource.is_virtual:
        return ""
    found = columns(resource)
    wide = sum(c.wide for c in found)
    return f"{len(found) - wide} (+{wide})" if wide else str(len(found))


def _unserved() -> list[str]:
    """Kinds of which only an alpha or a beta version is missing, from the models of another client."""
    package = importlib.import_module("lightkube.resources")
    modules = [
        importlib.import_module(f"{package.__name__}.{m.name}")
        for m in pkgutil.iter_modules(package.__path__)
    ]
    infos = [getattr(c, "_api_info", None) for m in modules for c in vars(m).values()]
    theirs = {
        (i.resource.group, i.resource.version, i.plural) for i in infos if i is not None and i.parent is None
    }
    ours = {(r.group, r.version, r.plural) for r in BUILTIN}
    missing = sorted(theirs - ours)
    if any(version.isalnum() and "a" not in version and "b" not in version for _, version, _ in missing):
        raise Unaccounted(f"kinds: not all that Kubernetes serves are there: {missing}")
    return [f"`{plural}.{group}/{version}`" for group, version, plural in missing]


def _section(title: str, section: Section, of: str) -> Iterator[str]:
    yield f"\n## {title}\n"
    yield from _table((of, "is"), *((name, _verdict(row)) for name, row in section.items()))


def _elsewhere(rows: Iterable[Row]) -> Iterator[str]:
    yield "\n## Elsewhere\n"
    yield from _table(("part", "is"), *((row["part"], _verdict(row)) for row in rows))


def _verdict(row: Row) -> str:
    verdict = next((v for v in VERDICTS if v in row), "same")
    return f"**{verdict}**: {row[verdict]}" if row.get(verdict) else verdict
