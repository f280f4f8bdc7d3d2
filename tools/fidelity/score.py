"""What a replay came to: a score by area, the misses, and whether they are the ones we know.

`tests/fidelity/misses.yaml` holds the answers that do not agree exactly yet, with the level that they reach and the
reason. It changes both when something gets worse and when something gets better, so that neither goes unnoticed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from rich.console import Console
from rich.table import Table

from tools.fidelity.answers import Level
from tools.fidelity.paths import ABSENT
from tools.fidelity.stories import Result, Story

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests" / "fidelity"
EXCHANGES, MISSES = FOLDER / "exchanges", FOLDER / "misses.yaml"
LEVELS = (Level.STATUS, Level.FIELDS, Level.EXACT)
WIDEST = 160  # characters of a value in a report
HEADING = """\
# Answers that do not agree exactly with Kubernetes' yet: by story and step, the level that they reach.
# `make fidelity ARGS=--write` brings the steps up to date; the reasons are written by hand.
"""

Played = list[tuple[Story, list[Result]]]
Misses = dict[str, dict[str, Any]]


class Tally(NamedTuple):
    """How many answers reach each level, of how many in how many stories."""

    stories: int = 0
    answers: int = 0
    status: int = 0
    fields: int = 0
    exact: int = 0

    def plus(self, story: Story, results: list[Result]) -> Tally:
        reached = [sum(r.level >= level for r in results) for level in LEVELS]
        return Tally(*map(sum, zip(self, (1, len(story), *reached), strict=True)))


def by_area(played: Played) -> dict[str, Tally]:
    areas: dict[str, Tally] = {}
    for story, results in played:
        areas[story.area] = areas.get(story.area, Tally()).plus(story, results)
    return dict(sorted(areas.items()))


def total(areas: Mapping[str, Tally]) -> Tally:
    return Tally(*map(sum, zip(*areas.values(), strict=True))) if areas else Tally()


def print_table(played: Played, console: Console) -> None:
    """One line for each area, and one for all."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("area")
    for name in ("stories", "answers", "status", "fields", "exact", "exact %"):
        table.add_column(name, justify="right")
    areas = by_area(played)
    for area, tally in (*areas.items(), ("all", total(areas))):
        style = "bold" if area == "all" else "" if tally.exact == tally.answers else "yellow"
        table.add_row(area, *map(str, tally), f"{tally.exact / max(tally.answers, 1):.1%}", style=style)
    console.print(table)


def print_misses(played: Played, console: Console, *, most: int = 12) -> None:
    """What was wanted and what came, for each answer that does not agree exactly."""
    for story, results in played:
        for miss in (r for r in results if r.level < Level.EXACT):
            got = (
                "not even the status agrees"
                if miss.level == Level.NOTHING
                else f"{_word(miss)} agrees, no more"
            )
            console.print(f"\n{story.about}, step {miss.step}: {miss.request}: {got}", markup=False)
            for difference in miss.differences[:most]:
                console.print(f"  {difference.path or '(all of it)'}", markup=False, style="bold")
                console.print(f"    wanted {said(difference.wanted)}", markup=False)
                console.print(f"    got    {said(difference.got)}", markup=False)
            if len(miss.differences) > most:
                console.print(f"  and {len(miss.differences) - most} more")


def said(value: Any) -> str:
    text = "nothing" if value is ABSENT else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDEST else text[: WIDEST - 3] + "..."


def _word(result: Result) -> str:
    return result.level.name.lower()


# --- the misses we know ---


def misses(played: Played) -> Misses:
    """By story: the steps that are not exact, and what they reach."""
    found = {
        story.about: {"steps": {r.step: _word(r) for r in results if r.level < Level.EXACT}}
        for story, results in played
    }
    return {about: miss for about, miss in found.items() if miss["steps"]}


def read_misses(path: Path) -> Misses:
    return (yaml.safe_load(path.read_text("utf-8")) if path.exists() else None) or {}


def write_misses(path: Path, found: Misses) -> None:
    """Bring the file up to date, keeping the reasons."""
    known = read_misses(path)
    lines = {
        about: {"because": known.get(about, {}).get("because", "?"), **miss} for about, miss in found.items()
    }
    text = yaml.safe_dump(lines, sort_keys=False, default_flow_style=None, width=110) if lines else ""
    path.write_text(HEADING + text, "utf-8")


def news(known: Misses, found: Misses, played: Iterable[str]) -> Iterator[str]:
    """What is better or worse than the file says, of the stories that were played."""
    for about in played:
        before, now = (x.get(about, {}).get("steps", {}) for x in (known, found))
        for step in sorted({*before, *now}):
            was, is_ = before.get(step, "exact"), now.get(step, "exact")
            if was != is_:
                change = "better" if Level[is_.upper()] > Level[was.upper()] else "worse"
                yield f"{about}, step {step}: {change}: {is_}, and misses.yaml says {was}"
