"""The panels in a real browser: what is drawn, what travels, what can be pressed, and odd frames."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.browser
DARK = "--jp-layout-color1: rgb(17, 17, 17); --jp-ui-font-color1: rgb(250, 250, 250)"


def step_is(page: Any, n: int) -> None:
    page.page.wait_for_function("n => model.get('frame').step === n", arg=n)


def shown(page: Any, frame: dict[str, Any]) -> None:
    """Show `frame` at once, as after a jump."""
    page.studio.source.frames[0] = frame
    page.tell()


def watch(page: Any) -> None:
    """Note every text a dot bears, with the store's revision at that moment, in `seen`."""
    page.page.evaluate("""() => {
      window.seen = [];
      const note = () => { for (const dot of document.querySelectorAll('.k8s-dot')) {
        const now = dot.textContent, revision = document.querySelector('.k8s-revision')?.textContent;
        if (!seen.some(([text]) => text === now)) seen.push([now, revision]);
      } };
      new MutationObserver(note).observe(host, { subtree: true, childList: true });
    }""")


def travelled(page: Any, words: str) -> None:
    page.page.wait_for_function("words => seen.some(([text]) => text.includes(words))", arg=words)
    page(".k8s-dot").first.wait_for(state="detached")


@pytest.fixture
def page(open_page: Any) -> Any:
    page = open_page()
    yield page
    assert page.problems == []


def test_the_map_shows_players_and_only_recorded_roads(page: Any, recorded: Any) -> None:
    assert page("[data-player]").count() == len(recorded["deployment"][0]["players"])
    assert page(".k8s-edge").count() == 0
    page(".k8s-step").click()
    step_is(page, 1)
    page.page.wait_for_function("document.querySelector('.k8s-revision').textContent === '@12'")
    pairs = {frozenset((edge["from"], edge["to"])) for edge in recorded["deployment"][1]["edges"]}
    assert page(".k8s-edge").count() == len(pairs)


def test_messages_travel_in_waves_and_the_revision_ticks_when_the_write_arrives(page: Any) -> None:
    watch(page)
    page(".k8s-step").click()
    travelled(page, "ADDED")
    assert page.page.evaluate("seen") == [
        ["createdeployments default/web", "@11"],
        ["put@12", "@11"],
        ["ADDEDdeployments default/web", "@12"],
    ]


def test_a_refused_message_comes_back_with_a_mark(open_page: Any, recorded: Any, new_source: Any) -> None:
    page = open_page(new_source(recorded["conflict"][1:]))
    watch(page)
    page(".k8s-step").click()
    travelled(page, "✕")
    words = "409 Conflict: deployments default/web"
    assert [text for text, _ in page.page.evaluate("seen")] == [f"update{words}", f"✕ update{words}"]


def test_nothing_travels_for_who_asked_for_less_motion(open_page: Any) -> None:
    page = open_page(reduced_motion="reduce")
    watch(page)
    page(".k8s-step").click()
    step_is(page, 1)
    assert page(".k8s-revision").text_content() == "@12"
    page(".k8s-step").click()
    step_is(page, 2)
    assert page.page.evaluate("seen") == []
    assert page.page.evaluate("document.getAnimations().length") == 0


def test_a_click_selects_a_player_and_another_lets_go(page: Any) -> None:
    page("[data-player=replicaset-controller]").click()
    page(".k8s-player-card").wait_for()
    card = page(".k8s-player-card").text_content()
    assert "ReplicaSet controller" in card
    assert "pods 0 objects @11" in card
    assert page.studio.selection["player"] == "replicaset-controller"
    page("[data-player=replicaset-controller]").click()
    page(".k8s-player-card").wait_for(state="detached")
    assert page.studio.selection["player"] is None


def test_a_player_can_be_chosen_by_keyboard_and_keeps_the_focus(page: Any) -> None:
    page("[data-player=scheduler]").focus()
    page.page.keyboard.press("Enter")
    page(".k8s-player-card").wait_for()
    assert page.page.evaluate("document.activeElement.dataset.player") == "scheduler"
    assert page("[data-player=scheduler]").get_attribute("aria-pressed") == "true"


def test_the_card_tells_queue_timers_and_staleness(open_page: Any, recorded: Any, new_source: Any) -> None:
    page = open_page(new_source(recorded["conflict"][2:]), panels=("map",))
    page("[data-player=deployment-controller]").click()
    page(".k8s-player-card").wait_for()
    card = page(".k8s-player-card").inner_text()
    assert "default/web again in 0.005 s" in card
    assert "held" in card
    assert page("[data-player=deployment-controller] .k8s-lag").text_content() == "1 behind"


def test_a_pod_or_workload_can_be_selected(page: Any, recorded: Any) -> None:
    shown(page, recorded["deployment"][-1])
    page("[data-pod='default/web-5d9c-x7k2p']").click()
    page.page.wait_for_selector("[data-pod='default/web-5d9c-x7k2p'] .k8s-halo")
    page(".k8s-workload").first.click()
    page.page.wait_for_selector(".k8s-workload.k8s-chosen")
    assert page.studio.selection["object"] == "default/web"


@pytest.mark.parametrize(
    ("pod", "state"),
    [
        ({"phase": "Pending"}, "Pending"),
        ({"phase": "Pending", "reason": "ContainerCreating"}, "ContainerCreating"),
        ({"phase": "Running"}, "Running"),
        ({"phase": "Running", "ready": True}, "Ready"),
        ({"phase": "Running", "ready": True, "deleting": True}, "Terminating"),
        ({"phase": "Failed"}, "Failed"),
    ],
)
def test_a_pods_state_is_told_by_its_glyph(page: Any, recorded: Any, pod: dict[str, Any], state: str) -> None:
    frame = recorded["deployment"][0]
    frame["nodes"][0]["pods"] = [{"key": "default/p", **pod}]
    shown(page, frame)
    assert page("[data-pod='default/p']").get_attribute("data-state") == state
    marked = state in ("Ready", "Failed", "Terminating")
    assert page("[data-pod='default/p'] .k8s-pod-mark").count() == marked


def test_the_loop_shows_three_stages_and_lights_them_in_turn(page: Any, recorded: Any) -> None:
    assert "No reconcile yet" in page(".k8s-panel[data-panel=loop] .k8s-empty").inner_text()
    shown(page, recorded["deployment"][2])
    page.studio.source.goto(2)
    page.tell()
    page.page.evaluate("""() => {
      window.lit = [];
      new MutationObserver(() => {
        const now = document.querySelector('.k8s-active')?.dataset.stage;
        if (lit.at(-1) !== now) lit.push(now);
      }).observe(host, { subtree: true, attributeFilter: ['class'] });
    }""")
    page(".k8s-step").click()
    page.page.wait_for_function(
        "lit.length >= 4 || (lit.length === 3 && !document.querySelector('.k8s-active'))"
    )
    assert page.page.evaluate("lit.filter(Boolean)") == ["observe", "compare", "act"]
    assert page(".k8s-difference").text_content() == "3 pods missing"
    assert page(".k8s-ghost").count() == 3
    assert page("[data-stage=act] .k8s-call").count() == 3


def test_a_cause_can_be_gone_to_and_open_yaml_stays_open(page: Any, recorded: Any) -> None:
    for _ in range(3):
        page.studio.step()
    page.tell()
    page("summary").click()
    page("[data-player=scheduler]").click()
    page(".k8s-player-card").wait_for()
    assert "replicas: 3" in page("[data-stage=compare] pre").first.inner_text()
    page(".k8s-cause").click()
    step_is(page, 2)


def test_dark_and_light_come_from_the_theme(page: Any) -> None:
    page.page.evaluate("css => { document.documentElement.style.cssText = css }", DARK)
    style = "name => getComputedStyle(document.querySelector('.k8s-studio'))[name]"
    assert page.page.evaluate(style, "backgroundColor") == "rgb(17, 17, 17)"
    assert page.page.evaluate(style, "color") == "rgb(250, 250, 250)"
    fill = "getComputedStyle(document.querySelector('[data-player=scheduler] text')).fill"
    assert page.page.evaluate(fill) == "rgb(250, 250, 250)"


@pytest.mark.parametrize("width", [664, 1000, 1240])
def test_no_text_is_small_and_nothing_sticks_out(
    open_page: Any, recorded: Any, new_source: Any, width: int
) -> None:
    page = open_page(new_source([recorded["deployment"][-1]]), viewport={"width": width, "height": 1400})
    sizes = """[...host.querySelectorAll('text, span, b, li, p, code, h4')]
      .map(each => parseFloat(getComputedStyle(each).fontSize))"""
    assert min(page.page.evaluate(sizes)) >= 12
    out = """() => {
      const edge = document.querySelector('.k8s-map').getBoundingClientRect();
      return [...document.querySelectorAll('.k8s-map rect, .k8s-map text')].filter(each => {
        const place = each.getBoundingClientRect();
        return place.left < edge.left - 6 || place.right > edge.right + 6;
      }).length;
    }"""
    assert page.page.evaluate(out) == 0


def hundred(frame: dict[str, Any]) -> dict[str, Any]:
    pods = [{"key": "default/p", "phase": "Running", "ready": True}]
    nodes = [
        {"name": f"node-{i}", "ready": True, "pods": [{**pods[0], "key": f"default/p{i}"}]}
        for i in range(100)
    ]
    kubelets = [{"id": f"kubelet/node-{i}", "label": f"kubelet {i}", "room": "node"} for i in range(100)]
    return {**frame, "nodes": nodes, "players": [*frame["players"][:9], *kubelets]}


def test_a_hundred_nodes_are_summed_up(page: Any, recorded: Any) -> None:
    shown(page, hundred(recorded["deployment"][5]))
    assert page(".k8s-tray").count() == 1 + 12 + 1
    assert page(".k8s-tray[data-key=more]").count() == 1
    assert "+88 more" in page(".k8s-tray >> nth=-1").text_content()


def test_odd_frames_are_drawn(page: Any, recorded: Any) -> None:
    frame = recorded["deployment"][3]
    long = {
        "id": "x" * 80,
        "label": "A very long name for a controller, longer than any box",
        "room": "attic",
    }
    for odd in ({}, {**frame, "players": []}, {**frame, "players": [*frame["players"], long]}):
        shown(page, {"step": 0, "last": 0, **odd})
        assert page(".k8s-error").count() == 0
    assert page(f"[data-player={'x' * 80}]").count() == 1


def test_a_message_from_a_stranger_travels_too(page: Any) -> None:
    page.studio.source.frames[1]["messages"][0]["from"] = "somebody-new"
    watch(page)
    page(".k8s-step").click()
    travelled(page, "ADDED")
    assert page.page.evaluate("seen.length") == 3


def test_a_new_width_is_a_new_drawing(page: Any) -> None:
    page.page.set_viewport_size({"width": 700, "height": 900})
    page.page.wait_for_function("document.querySelector('.k8s-map').getAttribute('width') < 700")
