"""Lesson 10 as a learner meets it: every cell run, questions answered, pods and machines pressed, in light and dark."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.looking import position, shot, step_is, studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LESSON = "notebooks/10_the_node.ipynb"
ANSWERS = (
    "it watches pods with its own name:",
    "when proxy has started:",
    "five minutes:",
    "liveness:",
    "never:",
    "it is killed after 30 seconds:",
    "who wants memory:",
    "greedy:",
    "after six minutes:",
    "Terminating, and db waits:",
)


@pytest.fixture
def page(lesson: Callable[[str], Page]) -> Page:
    return lesson(LESSON)


def pod(world: Locator, name: str) -> Locator:
    return world.locator(f".k8s-board [data-key='default/{name}']")


def test_each_question_is_asked_and_answered(page: Page) -> None:
    questions = page.locator(".k8s-predict")
    expect(questions).to_have_count(len(ANSWERS))
    for number, answer in enumerate(ANSWERS):
        expect(questions.nth(number)).to_contain_text(answer)
    shot(questions.first, "10-question")


def test_on_the_board_a_pod_waits_and_can_be_pressed(page: Page) -> None:
    world = studio(page, 0)
    pod(world, "giant").click()
    expect(world.locator(".k8s-about")).to_contain_text("Pending, no node yet")
    shot(world, "10-board")
    last = position(world)
    world.locator(".k8s-back").click()
    step_is(world, last - 1)
    pod(world, "giant").click()
    expect(world.locator(".k8s-about")).to_contain_text("Press a pod or a node")


def test_pictures_of_lives_are_there(page: Page) -> None:
    pictures = page.locator(".jp-RenderedImage img")
    expect(pictures).to_have_count(9)
    for number in range(9):
        shot(pictures.nth(number), f"10-lives-{number}")


def test_the_evicted_pod_says_why(page: Page) -> None:
    world = studio(page, 1)
    expect(world.locator(".k8s-about")).to_contain_text("The node was low on resource: memory.")
    expect(pod(world, "greedy")).to_contain_text("Evicted")
    shot(world, "10-evicted")


def test_the_dead_machine_is_believed_to_have_pods(page: Page) -> None:
    world = studio(page, 2)
    expect(world.locator(".k8s-about")).to_contain_text("Ready Unknown: NodeStatusUnknown")
    expect(pod(world, "db-1").locator("[data-state=Terminating]")).to_have_count(1)
    world.locator(".k8s-board [data-player='kubelet/node-0'] > .k8s-name").click()
    expect(world.locator(".k8s-about")).to_contain_text("Ready True: KubeletReady")
    shot(world, "10-dead")


def test_it_can_be_read_in_the_dark(page: Page) -> None:
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    world = studio(page, 2)
    expect(pod(world, "db-1")).to_be_visible()
    shot(world, "10-dark")
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")
    page.wait_for_function("document.body.dataset.jpThemeLight === 'true'")


def test_all_exercises_are_right_in_the_solution(lesson: Callable[[str], Page]) -> None:
    page = lesson("solutions/10_the_node.ipynb")
    cards = page.locator("div[role=status]")
    for title in ("10.1 Once more?", "10.2 Which probe?", "10.3 Who has to go?"):
        expect(cards.filter(has_text=f"✓ {title}")).to_contain_text("right in")
    shot(cards.last, "10-solution")
