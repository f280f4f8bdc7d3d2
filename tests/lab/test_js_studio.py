"""The transport in a real browser: every control, the keyboard, playing, errors, and leaving no trace."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser


def step_is(page: Any, n: int) -> None:
    page.page.wait_for_function("n => model.get('frame').step === n", arg=n)


@pytest.fixture
def page(open_page: Any) -> Any:
    page = open_page()
    yield page
    assert page.problems == []


def test_step_back_and_readout(page: Any) -> None:
    page(".k8s-step").click()
    page(".k8s-step").click()
    step_is(page, 2)
    assert page(".k8s-readout").text_content() == "step 2 of 2 · t=0.3 s · revision 13"
    assert page(".k8s-title").text_content() == "deployment-controller reconciles default/web"
    page(".k8s-back").click()
    step_is(page, 1)
    assert page(".k8s-readout").text_content().startswith("step 1 of 2")


def test_the_scrubber_goes_anywhere_in_the_past(page: Any) -> None:
    page.studio.goto(0)
    for _ in range(6):
        page.studio.step()
    page.tell()
    page(".k8s-scrub").fill("2")
    step_is(page, 2)
    assert {"do": "goto", "step": 2} in page.sent()
    assert page(".k8s-scrub").get_attribute("max") == "6"


def test_speed_goes_round(page: Any) -> None:
    seen = []
    for _ in range(4):
        page(".k8s-speed").click()
        page.page.wait_for_function("n => model.sent.length === n", arg=len(seen) + 1)
        page.page.wait_for_function("model.get('state').speed === model.sent.at(-1).speed")
        seen.append(page(".k8s-speed").text_content())
    assert seen == ["2×", "4×", "½×", "1×"]


def test_play_runs_to_the_end_and_says_so(open_page: Any, recorded: Any, new_source: Any) -> None:
    page = open_page(new_source(recorded["conflict"]))
    page.studio.set_speed(40)
    page.tell()
    page(".k8s-play").click()
    page(".k8s-notice:not([hidden])").wait_for()
    assert page(".k8s-notice").text_content() == "Nothing left to do: every player is waiting."
    assert page.studio.source.position == len(recorded["conflict"]) - 1
    assert page(".k8s-play").get_attribute("aria-label") == "Play"
    assert page.problems == []


def test_pause_stops_playing(page: Any) -> None:
    page(".k8s-play").click()
    page.page.wait_for_selector(".k8s-play[aria-label=Pause]")
    page(".k8s-play").click()
    page.page.wait_for_selector(".k8s-play[aria-label=Play]")
    assert not page.studio.playing


def test_the_next_step_is_asked_for_only_after_the_motion(page: Any) -> None:
    page(".k8s-play").click()
    step_is(page, 1)
    page.page.wait_for_function("document.querySelector('.k8s-revision').textContent === '@12'")
    assert page.studio.source.position == 1, "the write has arrived, its watch events have not"
    step_is(page, 2)
    assert [command for command in page.sent() if command["do"] == "next"][:2] == [
        {"do": "next", "at": 0},
        {"do": "next", "at": 1},
    ]


def test_keyboard(page: Any) -> None:
    page(".k8s-studio").focus()
    page.page.keyboard.press("ArrowRight")
    step_is(page, 1)
    page.page.keyboard.press("ArrowLeft")
    step_is(page, 0)
    page.page.keyboard.press(" ")
    page.page.wait_for_selector(".k8s-play[aria-label=Pause]")
    page.page.keyboard.press(" ")
    page.page.wait_for_selector(".k8s-play[aria-label=Play]")


def test_space_on_a_button_presses_only_that_button(page: Any) -> None:
    page(".k8s-step").focus()
    page.page.keyboard.press(" ")
    step_is(page, 1)
    assert [command["do"] for command in page.sent()] == ["step"]


def test_every_button_has_a_name_and_the_story_is_read_aloud(page: Any) -> None:
    for button in page("button").all():
        assert button.get_attribute("aria-label") or button.text_content().strip()
    page(".k8s-step").click()
    step_is(page, 1)
    assert page("[aria-live=polite]").text_content() == page.studio.frame()["text"]


def test_an_error_in_python_is_a_card_that_can_be_dismissed(page: Any) -> None:
    page.studio.source.step = lambda: 1 / 0
    page(".k8s-step").click()
    page(".k8s-error").wait_for()
    assert "ZeroDivisionError: division by zero" in page(".k8s-error").text_content()
    page(".k8s-error button").click()
    page(".k8s-error").wait_for(state="detached")


def test_a_panel_that_cannot_draw_says_so_and_the_others_go_on(page: Any) -> None:
    page.studio.source.frames[1]["loop"] = {"player": "x", "key": "k", "act": [None]}
    page(".k8s-step").click()
    step_is(page, 1)
    assert "“loop” could not be drawn" in page(".k8s-panel[data-panel=loop] .k8s-error").text_content()
    assert page("[data-player=store] .k8s-revision").count() == 1
    page(".k8s-step").click()
    step_is(page, 2)
    assert page(".k8s-error").count() == 0


def test_leaving_takes_everything_away(page: Any) -> None:
    page(".k8s-play").click()
    page(".k8s-stage.k8s-active").wait_for()
    assert page.page.evaluate("pending.size") > 1
    page.page.evaluate("unmount()")
    assert page.page.evaluate("pending.size") == 0
    assert page.page.evaluate("model.told()") == 0
    assert page(".k8s-studio").count() == 0
