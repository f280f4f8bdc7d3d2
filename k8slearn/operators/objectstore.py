"""An imaginary place for backups, outside of the cluster. It outlives the volumes, and whoever made them.

A wish has a token, and what was stored with this token is not stored again but returned. Data only, so that a
simulation can rewind it (`k8slearn.sim.outsideworld`).
"""

from __future__ import annotations

from typing import Any

Artefact = dict[str, Any]  # id, token, owner, slot, version, at (seconds)


class ObjectStore:
    def __init__(self) -> None:
        self.artefacts: dict[str, Artefact] = {}
        self.made = 0  # ever

    # --- looking ---

    def get(self, artefact: str) -> Artefact | None:
        return self.artefacts.get(artefact)

    def list(self, owner: str = "") -> list[Artefact]:
        """All, or those with this tag; the oldest first."""
        return [a for a in self.artefacts.values() if owner in ("", a["owner"])]

    # --- writing ---

    def create(self, token: str, *, owner: str, slot: str, version: int, at: float) -> Artefact:
        """What was stored with this token, if it is still there; else something new."""
        for artefact in self.artefacts.values():
            if artefact["token"] == token:
                return artefact
        self.made += 1
        name = f"backup-{self.made}"
        rest = {"token": token, "owner": owner, "slot": slot, "version": version, "at": at}
        self.artefacts[name] = {"id": name, **rest}
        return self.artefacts[name]

    def delete(self, artefact: str) -> None:
        """Deleting what is not there is no error."""
        self.artefacts.pop(artefact, None)
