"""The studio's widget: panels under one transport bar, drawn by the files in `js/`.

All it does is carry the studio's state to the browser and the browser's commands to the studio.
In a notebook it also leaves a picture and a text, for readers without a running kernel.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import anywidget
import traitlets

from . import bundle
from .panels import drawn, sheet_png, sheet_text
from .studio import Studio


class StudioWidget(anywidget.AnyWidget):
    """Panels of one studio. Every widget of a studio shows the same step and the same selection."""

    panels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    frame = traitlets.Dict().tag(sync=True)

    def __init__(self, studio: Studio, panels: Sequence[str], player: str | None = None) -> None:
        self._studio, self._player = studio, player
        self._esm, self._css = bundle.esm(panels), bundle.css(panels)
        super().__init__(
            _anywidget_id=f"k8slearn.{'.'.join(panels)}",  # a page keeps one style sheet for each of these
            panels=list(panels),
            frame=drawn(panels, studio.frame(player)),
            state=self._state(),
        )
        self.on_msg(self._on_command)
        studio.attach(self)

    def refresh(self) -> None:
        """Carry the studio's present state and frame to the browser, in one message."""
        with self.hold_sync():
            self.show_state()
            self.frame = drawn(self.panels, self._studio.frame(self._player))

    def show_state(self) -> None:
        """Carry what is not in the frame: playing or not, the speed, and what there is to tell."""
        self.state = self._state()

    def close(self) -> None:
        """Leave the studio and the page."""
        self._studio.detach(self)
        super().close()

    def _state(self) -> dict[str, Any]:
        return {name: getattr(self._studio, name) for name in ("playing", "speed", "notice", "error")}

    def _on_command(self, _widget: object, command: dict[str, Any], _buffers: object) -> None:
        self._studio.obey(command)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        live = super()._repr_mimebundle_(**kwargs)
        data, metadata = live if isinstance(live, tuple) else (live, {})
        return {**(data or {}), **self._twins()}, metadata

    def _twins(self) -> dict[str, str]:
        """The same panels without a browser: text always, a picture where matplotlib is installed."""
        text = {"text/plain": sheet_text(self.panels, self.frame)}
        try:
            picture = sheet_png(self.panels, self.frame)
        except ImportError:
            return text
        return {**text, "image/png": base64.b64encode(picture).decode("ascii")}
