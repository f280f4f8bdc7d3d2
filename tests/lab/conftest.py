"""A recording to play, and a page with a stand-in for Jupyter: widgets meet a real browser and a real Studio.

The page's `model` sends commands to Python's `Studio.obey` and gets back what the widget would carry over.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from k8slearn.lab import bundle
from k8slearn.lab.studio import Studio

Frame = dict[str, Any]
RECORDED: dict[str, list[Frame]] = json.loads(
    Path(__file__).with_name("sample_frames.json").read_text("utf-8")
)
JUPYTER = """
window.pending = new Set();  // what would still happen by itself: timers, animation frames, observers
const counted = (start, stop, name) => {
  const [begin, end] = [window[start], window[stop]];
  window[start] = (call, ...more) => {
    const id = begin.call(window, (...args) => { pending.delete(name + id); call(...args); }, ...more);
    pending.add(name + id);
    return id;
  };
  window[stop] = id => { pending.delete(name + id); end.call(window, id); };
};
counted('setTimeout', 'clearTimeout', 'timer ');
counted('requestAnimationFrame', 'cancelAnimationFrame', 'frame ');
window.ResizeObserver = class extends ResizeObserver {
  observe(...args) { pending.add(this); super.observe(...args); }
  disconnect() { pending.delete(this); super.disconnect(); }
};
window.makeModel = now => {
  const listeners = {}, sent = [];
  const told = (event, change) => (listeners[event] ||= []).push(change);
  const model = {
    sent, told: () => Object.values(listeners).flat().length,
    get: name => now[name], on: told,
    off: (event, change) => { listeners[event] = (listeners[event] || []).filter(each => each !== change); },
    take: next => { const old = now; now = { ...now, ...next };
      for (const name of Object.keys(next)) if (JSON.stringify(old[name]) !== JSON.stringify(now[name]))
        (listeners['change:' + name] || []).forEach(each => each()); },
    send: command => { sent.push(command); toPython(command).then(model.take); },
  };
  return model;
};
window.mount = async (source, css, now) => {
  document.head.append(Object.assign(document.createElement('style'), { textContent: css }));
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const { default: widget } = await import(url);
  window.host = document.body.appendChild(document.createElement('div'));
  window.model = makeModel(now);
  window.unmount = await widget.render({ model, el: host });
};
"""


class FakeSource:
    """A source with a fixed future: `new` of the frames are still to come when `length` says so."""

    def __init__(self, frames: list[Frame], recorded: int = 0) -> None:
        self.frames, self.position, self.length = frames, 0, recorded
        self.obeyed: list[tuple[str, str, str]] = []

    def obey(self, verb: str, who: str, what: str) -> None:
        self.obeyed.append((verb, who, what))

    def step(self) -> bool:
        if self.position + 1 >= len(self.frames):
            return False
        self.goto(self.position + 1)
        return True

    def back(self) -> None:
        self.goto(max(0, self.position - 1))

    def goto(self, n: int) -> None:
        self.position, self.length = n, max(self.length, n)

    def frame(self, selection: dict[str, str | None]) -> Frame:
        frame = copy.deepcopy(self.frames[self.position])
        return {**frame, "step": self.position, "last": self.length, "selection": dict(selection)}


class Page:
    """One widget on a page: `studio` answers it; `problems` collects what the browser complained about."""

    def __init__(self, page: Any, studio: Studio, panels: list[str]) -> None:
        self.page, self.studio, self.panels = page, studio, panels
        self.problems: list[str] = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda line: self.problems.append(line.text) if line.type == "error" else None)
        page.expose_function("toPython", self.obey)
        page.set_content("<!doctype html><html><body></body></html>")
        page.add_script_tag(content=JUPYTER)
        args = [bundle.esm(panels), bundle.css(panels), {"panels": panels, **self.now()}]
        page.evaluate("([source, css, now]) => mount(source, css, now)", args)

    def now(self) -> dict[str, Any]:
        state = {name: getattr(self.studio, name) for name in ("playing", "speed", "notice", "error")}
        return {"frame": self.studio.frame(), "state": state}

    def obey(self, command: dict[str, Any]) -> dict[str, Any]:
        self.studio.obey(command)
        return self.now() if not self.studio.error else {"state": self.now()["state"]}

    def tell(self) -> None:
        """Carry over what Python changed by itself."""
        self.page.evaluate("now => model.take(now)", self.now())

    def sent(self) -> list[dict[str, Any]]:
        return self.page.evaluate("model.sent")

    def __call__(self, selector: str) -> Any:
        return self.page.locator(selector)


@pytest.fixture
def recorded() -> dict[str, list[Frame]]:
    """The sample recordings: deployment, conflict, dead_node. A copy that a test may change."""
    return copy.deepcopy(RECORDED)


@pytest.fixture
def new_source() -> type[FakeSource]:
    """new_source(frames, recorded=0): a source with a fixed future."""
    return FakeSource


@pytest.fixture
def open_page(browser: Any) -> Iterator[Callable[..., Page]]:
    """open_page(source=..., panels=[...], **context): a widget on a page of its own."""
    contexts = []

    def open_one(source: Any = None, panels: tuple[str, ...] = ("map", "loop"), **context: Any) -> Page:
        size = {"width": 1000, "height": 1100}
        contexts.append(browser.new_context(**{"viewport": size, **context}))
        contexts[-1].set_default_timeout(10_000)
        return Page(
            contexts[-1].new_page(),
            Studio(source or FakeSource(copy.deepcopy(RECORDED["deployment"]))),
            list(panels),
        )

    yield open_one
    for context in contexts:
        context.close()
