"""What cannot be tested is refused with a sentence that says what to do."""

from __future__ import annotations

import pytest

from k8slearn.machinery import Controller
from k8slearn.testing import (
    Misuse,
    OperatorFailure,
    Scenario,
    assert_converges,
    assert_crash_safe,
    assert_no_hot_loop,
    replay,
)
from tests.testing.scenes import KINDS, MAILBOXES, mailbox, one_secret
from tests.testing.test_right_operators import Mailboxes


class Empty(Controller):
    primary = MAILBOXES


class Aimless(Controller):
    def reconcile(self, key):
        pass


class Unknown(Controller):
    primary = "wishes.example.com"

    def reconcile(self, key):
        pass


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        (Empty, "Empty has no reconcile(self, key)"),
        (Aimless, "Aimless does not say what it looks after: primary = ..."),
        (Mailboxes(), "give the class itself, without parentheses: Mailboxes"),
        (dict, "dict does not inherit from k8slearn.machinery.Controller"),
        (lambda: 3, "<lambda> makes 3, and not a Controller"),
        (["mailboxes"], "an operator is a class that inherits from Controller, and not 'mailboxes'"),
    ],
)
def test_what_is_no_operator(operator, message):
    with pytest.raises(Misuse) as found:
        Scenario(operator)
    assert str(found.value) == message


def test_an_unknown_kind():
    with pytest.raises(
        Misuse, match=r'resource type "wishes.example.com". Unknown watches wishes.example.com: give'
    ):
        assert_no_hot_loop(Unknown)


def test_something_given_that_the_server_refuses():
    with pytest.raises(Misuse, match="given, when somebody create the Mailbox default/ada: "):
        assert_converges(Mailboxes, given=mailbox(), then=one_secret, kinds=KINDS[:1], objects=[mailbox()])


def test_something_that_people_do_may_build_on_what_the_operator_has_done():
    def lose_the_secret(sim):
        sim.client.delete("secrets", "default/ada-password")

    assert assert_converges(Mailboxes, given=[mailbox(), lose_the_secret], then=one_secret, kinds=KINDS) > 1


def test_something_that_people_do_which_the_server_always_refuses():
    def misspell(sim):
        sim.client.delete("secrets", "default/ada-pasword")

    with pytest.raises(Misuse, match='given, when somebody misspell: secrets "ada-pasword" not found'):
        assert_converges(Mailboxes, given=[mailbox(), misspell], then=one_secret, kinds=KINDS)
    with pytest.raises(OperatorFailure) as found:
        assert_converges(
            Mailboxes,
            given=[mailbox(), misspell],
            then=lambda sim: not sim.store.list("secrets"),
            kinds=KINDS,
        )
    assert 'when somebody misspell: secrets "ada-pasword" not found' in found.value.__notes__[0]


def test_nothing_that_must_hold():
    with pytest.raises(Misuse, match="assert_crash_safe needs to know what must hold in the end"):
        assert_crash_safe(Mailboxes, given=mailbox(), kinds=KINDS)


def test_a_then_that_raises_is_named_with_its_line():
    def careless(sim):
        return sim.store.list(MAILBOXES)[0]["status"]["ready"]

    with pytest.raises(
        OperatorFailure, match=r"careless itself raised KeyError: 'status' \(line \d+: return"
    ):
        assert_converges(Mailboxes, given=mailbox(), then=careless, kinds=KINDS)


@pytest.mark.parametrize(("then", "said"), [(lambda sim: False, "does not hold"), (lambda sim: "no", "no")])
def test_a_then_may_answer(then, said):
    with pytest.raises(OperatorFailure, match=said):
        assert_converges(Mailboxes, given=mailbox(), then=then, kinds=KINDS)


def test_a_file_that_is_no_schedule(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("{}")
    with pytest.raises(Misuse, match="is not the schedule of a failed assertion"):
        replay(path, Scenario(Mailboxes, kinds=KINDS))
