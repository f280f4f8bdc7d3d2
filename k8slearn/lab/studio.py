"""The studio: one position in time and one selection, and every panel in every cell follows.

Plain Python: `step`, `back`, `goto`, `select`, `text` and `figure` need no browser and no widget library.
`map()`, `loop()` and `show()` return widgets. Read `panels/panel.py` next, then `widget.py`.

The source is whatever has a past and can move on (see `Source`): a simulation, a recording, a test's list.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from .panels import panel, sheet_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .widget import StudioWidget

SPEEDS = (0.5, 1, 2, 4)
NOTHING_LEFT = "Nothing left to do: every player is waiting."
Frame = dict[str, Any]
Selection = dict[str, str | None]


class Source(Protocol):
    """What the studio plays: 0 <= position (steps done) <= length (steps recorded)."""

    @property
    def position(self) -> int: ...
    @property
    def length(self) -> int: ...
    def step(self) -> bool: ...
    def back(self) -> object: ...
    def goto(self, n: int) -> object: ...
    def frame(self, selection: Selection) -> Frame: ...


class View(Protocol):
    """A listener. `refresh` follows every change, `show_state` an error (there is no new frame then)."""

    def refresh(self) -> None: ...
    def show_state(self) -> None: ...


class Studio:
    """Holds position and selection over a `source`, and tells every attached view when they change."""

    def __init__(self, source: Source, speed: float = 1) -> None:
        self.source = source
        self.speed = speed
        self.playing = False
        self.notice = ""
        self.error = ""
        self.errors: list[Exception] = []
        self.selection: Selection = {"player": None, "object": None}
        self._views: list[View] = []

    def __repr__(self) -> str:
        return f"Studio(step {self.source.position} of {self.source.length})"

    # ---- time

    def step(self) -> bool:
        """One move on: replayed when we are in the past, new otherwise. False: nothing was left to do."""
        moved = bool(self.source.step())
        self.playing = self.playing and moved
        self._changed("" if moved else getattr(self.source, "nothing_left", NOTHING_LEFT))
        return moved

    def back(self) -> None:
        """One move back. Playing stops."""
        self.playing = False
        self.source.back()
        self._changed()

    def goto(self, n: int) -> None:
        """To just after step `n`, held between 0 and the number of steps recorded. Playing stops."""
        self.playing = False
        self.source.goto(min(max(int(n), 0), self.source.length))
        self._changed()

    def play(self) -> None:
        """Let the views ask for step after step, each when the one before has been shown."""
        self.playing = True
        self._changed()

    def pause(self) -> None:
        """Stop playing."""
        self.playing = False
        self._changed()

    def set_speed(self, speed: float) -> None:
        """How fast messages travel: 1 is some 400 ms a hop."""
        if speed <= 0:
            raise ValueError(f"speed must be above 0, got {speed}")
        self.speed = speed
        self._changed(self.notice)

    # ---- selection

    def select(self, player: str | None = None, object: str | None = None) -> None:  # noqa: A002
        """What all panels look at: a player's id, an object's key, both or (no arguments) nothing."""
        self.selection = {"player": player, "object": object}
        self._changed(self.notice)

    # ---- acting

    def order(self, verb: str, who: str = "", what: str = "") -> None:
        """Have the source do something of its own: what a panel's buttons offer. Playing stops."""
        self.playing = False
        self.source.obey(verb, who, what)  # type: ignore[attr-defined]
        self._changed()

    # ---- looking

    def frame(self, player: str | None = None) -> Frame:
        """The frame at the current position; `player` overrules the selected player for this look only."""
        overruled = {"player": player} if player else {}
        return self.source.frame({**self.selection, **overruled})

    def text(self, name: str) -> str:
        """The panel called `name` in words."""
        return sheet_text([name], self.frame())

    def figure(self, name: str) -> Figure:
        """The panel called `name` as a matplotlib figure."""
        return panel(name).figure(self.frame())

    def map(self) -> StudioWidget:
        """The architecture, with the messages of each step travelling on it."""
        return self.show("map")

    def loop(self, player: str | None = None) -> StudioWidget:
        """Observe, compare, act: one reconcile. With `player`, this panel stays with that player."""
        return self.show("loop", player=player)

    def log(self) -> StudioWidget:
        """The store's log as a tape, and how far each reader has come."""
        return self.show("log")

    def show(self, *names: str, player: str | None = None) -> StudioWidget:
        """A widget with the panels called `names` stacked under one transport bar."""
        from .widget import StudioWidget  # here, so that a studio works where no widget library is installed

        for name in names:
            panel(name)
        return StudioWidget(self, names or ("map",), player)

    # ---- views

    def attach(self, view: View) -> None:
        """From now on `view.refresh()` is called after every change."""
        self._views.append(view)

    def detach(self, view: View) -> None:
        """Undo `attach`; a view that is not attached is no error."""
        self._views = [each for each in self._views if each is not view]

    def refresh(self) -> None:
        """Tell every view to look again, after the source was changed by someone else than this studio."""
        self._changed(self.notice)

    def obey(self, command: dict[str, Any]) -> None:
        """Do what a view asked for: {"do": verb, "at": step seen, ...}. An error is kept and shown.

        Several views may play at once, and each asks for the next step. As with an update that carries a
        resourceVersion, the first wins, and those that had seen an older step are ignored.
        """
        try:
            VERBS[command["do"]](self, command)
        except Exception as error:
            self.errors.append(error)
            self.playing, self.error = False, f"{type(error).__name__}: {error}"
            for view in self._views:
                view.show_state()  # no new frame: making one may be the very thing that fails

    def _changed(self, notice: str = "") -> None:
        self.notice, self.error = notice, ""
        for view in self._views:
            view.refresh()

    def _next(self, at: int) -> None:
        if self.playing and at == self.source.position:
            self.step()


VERBS: dict[str, Callable[[Studio, dict[str, Any]], object]] = {
    "step": lambda studio, _: studio.step(),
    "next": lambda studio, command: studio._next(command["at"]),
    "back": lambda studio, _: studio.back(),
    "goto": lambda studio, command: studio.goto(command["step"]),
    "play": lambda studio, _: studio.play(),
    "pause": lambda studio, _: studio.pause(),
    "speed": lambda studio, command: studio.set_speed(command["speed"]),
    "select": lambda studio, command: studio.select(command.get("player"), command.get("object")),
    "order": lambda studio, command: studio.order(
        command["order"], command.get("who", ""), command.get("what", "")
    ),
    "dismiss": lambda studio, _: studio._changed(),
}
