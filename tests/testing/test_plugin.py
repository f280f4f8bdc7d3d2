"""What people see who run pytest with the plugin: fixtures, the story of a failure, its replay."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from k8slearn.testing.settings import SETTINGS

pytest_plugins = ["pytester"]

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
FAILING = """
from tests.testing.wrong.leaks import SCENARIO
from k8slearn.testing import assert_crash_safe

def test_it():
    assert_crash_safe(SCENARIO)
"""


def run(pytester: pytest.Pytester, *options: str):
    return pytester.runpytest("-p", "no:xdist", "-p", "no:nbval", *options)


def test_the_page_s_example_is_a_test_that_passes(pytester):
    (code,) = re.findall(r"<!-- example: test_site.py -->\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    pytester.makepyfile(test_site=code)
    run(pytester).assert_outcomes(passed=4)


def test_without_owner_reference_the_page_s_example_fails(pytester):
    (code,) = re.findall(r"<!-- example: test_site.py -->\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    pytester.makepyfile(test_site=code.replace('"ownerReferences": [owner_reference(site)],', ""))
    found = run(pytester, "-k", "orphans")
    found.assert_outcomes(failed=1, deselected=3)
    found.stdout.fnmatch_lines(["*configmaps default/blog is left behind: it has no ownerReference*"])


def test_a_failure_is_told_as_a_story_and_its_file_replays_it(pytester, monkeypatch):
    monkeypatch.setattr(SETTINGS, "folder", None)  # as it is for people
    pytester.makepyfile(test_leaks=FAILING)
    first = run(pytester)
    first.assert_outcomes(failed=1)
    first.stdout.fnmatch_lines(
        [
            "E*Leaks, assert_crash_safe: broken is *",
            "E*step   1  leaks is going to crash right after its next write",
            "E*so        one_box: 2 boxes are rented for one mailbox: box-1, box-2*",
            "E*Replay it: pytest 'test_leaks.py::test_it' --k8slearn-replay=.pytest_cache*-assert_crash_safe.json",
        ]
    )
    assert "k8slearn/testing/assertions.py" not in first.stdout.str(), "our own frames tell nobody anything"
    file = re.search(r"--k8slearn-replay=(\S+)", first.stdout.str())[1]
    again = run(pytester, f"--k8slearn-replay={file}")
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["E*so        one_box: 2 boxes are rented for one mailbox: box-1, box-2*"])


def test_the_marker_says_what_a_cluster_is_made_of(pytester):
    pytester.makepyfile(
        """
        import pytest
        from tests.testing.test_right_operators import Mailboxes
        from tests.testing.scenes import KINDS, mailbox

        @pytest.mark.cluster(Mailboxes, kinds=KINDS, builtin=False, nodes=0)
        def test_alone(cluster):
            assert list(cluster.manager.players) == ["mailboxes"]
            cluster.create(mailbox())
            cluster.run()
            assert len(cluster.client.list("secrets")) == 1

        def test_with_everybody(cluster):
            assert "deployment-controller" in cluster.manager.players
            before = cluster.now
            cluster.advance(90)
            assert cluster.now == before + 90
        """
    )
    run(pytester, "--strict-markers").assert_outcomes(passed=2)


def test_a_file_that_is_not_there_is_refused_before_anything_runs(pytester):
    pytester.makepyfile(test_leaks=FAILING)
    found = run(pytester, "--k8slearn-replay=nowhere.json")
    assert found.ret == pytest.ExitCode.USAGE_ERROR
    found.stderr.fnmatch_lines(["ERROR: --k8slearn-replay: there is no file nowhere.json"])
