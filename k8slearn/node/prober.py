"""Asks the probes of one running container, and knows when there will be something new to hear.

The startup probe holds the others off; once it has passed they begin at once. A container that failed its startup or
liveness probe is not asked any more: it will be another container.

Kubernetes: pkg/kubelet/prober/prober_manager.go, worker.go
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import inf

from k8slearn.api.objects import Object, annotations_of
from k8slearn.node import answers, probes
from k8slearn.node.containers import words
from k8slearn.node.events import Happened
from k8slearn.node.life import Life, Probing
from k8slearn.node.probes import Answer, Ask
from k8slearn.node.situation import Situation

KNOB = "fake/fails-probes"


class Prober:
    """For one pass over one container."""

    def __init__(self, pod: Object, container: Object, address: str) -> None:
        self.knob = annotations_of(pod).get(KNOB, "")
        self.place = answers.Place(container, address)
        self.probes = probes.probes_of(container)

    def ask(self, s: Situation) -> tuple[Life, list[Happened]]:
        """All probes that are due, until one has decided something."""
        states, told = dict(s.life.probes), list[Happened]()
        for kind in self._asked(s):
            probe = self.probes[kind]
            state = states.get(kind) or self._begin(kind, probe, s)
            state, failures = probes.advance(probe, state, self._answers(kind, state.knob, s), s.now)
            states[kind] = state._replace(knob=self.knob)
            if failures:  # of those that nobody noted in time, only the last is told
                name = probes.KINDS[kind][0]
                told.append(("Unhealthy", {**words(s), "probe": name, "problem": failures[-1]}))
        return s.life._replace(probes=states), told

    def _asked(self, s: Situation) -> Iterator[str]:
        if s.failed:
            return
        starting = "startupProbe" in self.probes and not s.started
        for kind in self.probes:
            if (kind == "startupProbe") == starting:
                yield kind

    def _begin(self, kind: str, probe: Object, s: Situation) -> Probing:
        was = s.ready if kind == "readinessProbe" else False
        started = probes.begin(kind, probe, s.life.started, s.now, was=was)
        return started._replace(knob=self.knob)

    def _answers(self, kind: str, knob: str, s: Situation) -> Ask:
        return partial(self._answer, self.probes[kind], kind, knob, s)

    def _answer(self, probe: Object, kind: str, knob: str, s: Situation, at: float) -> Answer:
        if knob == "all" or kind.removesuffix("Probe") in knob:
            return answers.unwell(probe), inf
        started = s.life.started
        problem, until = answers.answer(s.runs, probe, self.place, round(at - started, 6))
        return problem, until + started

    def next_change(self, s: Situation) -> float | None:
        """When the first verdict will change, if any will."""
        return self._first(probes.foresee, s)

    def next_failure(self, s: Situation) -> float | None:
        """When the next question is that will be answered with no: people are told of each."""
        return self._first(probes.next_failure, s)

    def _first(self, look: Callable[[Object, Probing, Ask], float | None], s: Situation) -> float | None:
        found = [
            look(self.probes[kind], state, self._answers(kind, self.knob, s))
            for kind, state in self._under_way(s)
        ]
        return min((at for at in found if at is not None), default=None)

    def _under_way(self, s: Situation) -> Iterator[tuple[str, Probing]]:
        for kind in self._asked(s):
            if kind in s.life.probes:
                yield kind, s.life.probes[kind]
