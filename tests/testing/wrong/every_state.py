"""Misconception 2: every intermediate state is delivered, so a migration meets each version."""

from k8slearn.machinery import Controller
from k8slearn.testing import Scenario
from tests.testing.scenes import KINDS, SCHEMAS, obj


class Migrates(Controller):
    primary = SCHEMAS

    def reconcile(self, key):
        schema = self.cache.get(SCHEMAS, key)
        if schema is None:
            return
        done = (schema.get("status") or {}).get("version", 0)
        if schema["spec"]["version"] == done + 1:
            self.client.update_status(schema, version=done + 1)


def to_version(number):
    def change(sim):
        sim.client.patch(SCHEMAS, "default/users", patch={"spec": {"version": number}})

    change.__doc__ = f"ask for version {number}"
    return change


def migrated(sim):
    (schema,) = sim.store.list(SCHEMAS)
    done = (schema.get("status") or {}).get("version")
    assert done == schema["spec"]["version"], (
        f"version {schema['spec']['version']} is wanted, and there is {done}"
    )


CAUGHT_BY = "assert_level_triggered"
SCENARIO = Scenario(
    Migrates,
    given=[obj("Schema", "users", version=1), to_version(2), to_version(3)],
    then=migrated,
    kinds=KINDS,
)
