"""A kind without code, by stock kubectl: what it prints is what it prints at a real cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.kubectl import kubectl, needed
from tests.up import Up

pytestmark = needed
DEFINITION = Path(__file__).parents[2] / "examples" / "operators" / "crontab.yaml"


def crontab(**spec: object) -> str:
    told = "".join(f"  {name}: {value}\n" for name, value in spec.items())
    return f"apiVersion: stable.example.com/v1\nkind: CronTab\nmetadata:\n  name: mine\nspec:\n{told}"


GOOD = crontab(cronSpec='"* * * * */5"', replicas=3)


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("kubectl"), "--nodes", "1", "--stages", "hollow") as running:
        kubectl(running, "apply", "-f", str(DEFINITION))
        kubectl(running, "wait", "--for=condition=Established", "crd/crontabs.stable.example.com")
        kubectl(running, "apply", "-f", "-", given=GOOD)
        yield running


def test_apply_get_and_the_columns(up: Up) -> None:
    assert kubectl(up, "apply", "-f", "-", given=GOOD) == "crontab.stable.example.com/mine unchanged"
    assert kubectl(up, "get", "ct") == "NAME  SPEC  REPLICAS  AGE\nmine  * * * * */5  3  <age>"
    assert kubectl(up, "get", "crontab", "mine", "-o", "jsonpath={.spec.image}") == "busybox"
    assert "crontab.stable.example.com/mine" in kubectl(up, "get", "all")
    assert (
        kubectl(up, "get", "ct", "--field-selector", "spec.image=other")
        == "No resources found in default namespace."
    )


def test_api_resources_and_explain(up: Up) -> None:
    assert kubectl(up, "api-resources", "--api-group=stable.example.com") == (
        "NAME  SHORTNAMES  APIVERSION  NAMESPACED  KIND\ncrontabs  ct  stable.example.com/v1  true  CronTab"
    )
    told = kubectl(up, "explain", "crontab.spec")
    assert "GROUP:  stable.example.com\nKIND:  CronTab\nVERSION:  v1" in told
    assert "cronSpec\t<string> -required-" in told
    assert "The times, in five fields." in told


def test_scale(up: Up) -> None:
    assert kubectl(up, "scale", "--replicas=4", "ct/mine") == "crontab.stable.example.com/mine scaled"
    assert kubectl(up, "get", "ct", "mine", "-o", "jsonpath={.spec.replicas}") == "4"
    kubectl(up, "scale", "--replicas=3", "ct/mine")


def test_server_side_apply(up: Up) -> None:
    apply = ("apply", "--server-side", "--field-manager=other", "-f", "-")
    theirs = kubectl(up, *apply, given=GOOD.replace("3", "2"), code=1)
    assert 'error: Apply failed with 1 conflict: conflict with "kubectl" with subresource "scale"' in theirs
    forced = kubectl(up, *apply, "--force-conflicts", given=GOOD)
    assert forced == "crontab.stable.example.com/mine serverside-applied"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            crontab(cronSpec='"* * * * */5"', replicas=30),
            "spec.replicas in body should be less than or equal to 10",
        ),
        (
            crontab(cronSpec="often"),
            'spec.cronSpec: Invalid value: "often": spec.cronSpec in body should match \'^',
        ),
        (crontab(cronSpec='"* * * * */5"', nope=1), 'strict decoding error: unknown field "spec.nope"'),
        (
            crontab(cronSpec='"* * * * */5"', replicas=7),
            "spec: Invalid value: more than five need an image",
        ),
        (crontab(replicas=1), "spec.cronSpec: Required value"),
    ],
)
def test_what_is_refused(up: Up, wrong: str, said: str) -> None:
    assert said in kubectl(up, "create", "-f", "-", given=wrong.replace("name: mine", "name: other"), code=1)


def test_the_definition_takes_its_objects_along(up: Up) -> None:
    gone = kubectl(up, "delete", "crd", "crontabs.stable.example.com")
    assert gone == 'customresourcedefinition.apiextensions.k8s.io "crontabs.stable.example.com" deleted'
    assert "the server" in kubectl(up, "get", "crontabs", code=1)
    kubectl(up, "apply", "-f", str(DEFINITION))
    kubectl(up, "wait", "--for=condition=Established", "crd/crontabs.stable.example.com")
    assert kubectl(up, "get", "crontabs") == "No resources found in default namespace."
