"""Writes `k8slearn/api/protobuf.json`: the field numbers of every built-in type.

Run at development time only: ``python -m tools.generate_protobuf API APIMACHINERY``, with clones of
kubernetes/api and kubernetes/apimachinery. The names and types of the fields are those of `types.json`; this adds
the numbers by which protobuf knows them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

TYPES = Path(__file__).parent.parent / "k8slearn" / "api" / "types.json"
TARGET = TYPES.with_name("protobuf.json")
META = "k8s.io.apimachinery.pkg.apis.meta.v1"
MESSAGE = re.compile(r"^message (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
FIELD = re.compile(
    r"^  (?:optional|repeated) (\S+) (\w+) = (\d+);|^  map<string, (\S+)> (\w+) = (\d+);", re.MULTILINE
)

Fields = list[tuple[int, str, str]]  # number, name, type


def read(clone: str, package: str, path: str) -> dict[str, Fields]:
    """Full name of each message in a .proto file -> its fields."""
    text = subprocess.run(
        ["git", "-C", clone, "show", f"HEAD:{path}/generated.proto"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = {}
    for name, body in MESSAGE.findall(text):
        fields = [(int(n or m), f or g, _full(t or u, package)) for t, f, n, u, g, m in FIELD.findall(body)]
        found[f"{package}.{name}"] = sorted(fields)
    return found


def _full(spelt: str, package: str) -> str:
    if spelt.startswith("."):
        return spelt[1:]
    return f"{package}.{spelt}" if spelt[0].isupper() else spelt


class Numbers:
    """Walks types and messages side by side, from each kind down."""

    def __init__(self, messages: dict[str, Fields], types: dict[str, dict[str, str]]) -> None:
        self.messages, self.types = messages, types
        self.found: dict[str, dict[str, object]] = {}

    def walk(self, name: str, message: str) -> None:
        if name in self.found or message not in self.messages:
            return
        self.found[name] = {}
        self.found[name] = self._fields(name, message)

    def _fields(self, name: str, message: str) -> dict[str, object]:
        """Number -> field name; or the fields of a message that JSON spreads over the one around it."""
        numbers: dict[str, object] = {}
        known = {field.lower(): field for field in self.types[name]}
        for number, field, of in self.messages[message]:
            spelt = known.get(field.lower())
            if spelt is not None:
                numbers[str(number)] = spelt
                inner = self.types[name][spelt].strip("[]{}!?")
                if inner in self.types:
                    self.walk(inner, of)
            elif of in self.messages:
                inlined = self._fields(name, of)
                if len(inlined) == len(self.messages[of]):  # not merely namesakes in a message we do not know
                    numbers[str(number)] = inlined
        return numbers


def main(api: str, apimachinery: str) -> int:
    table = json.loads(TYPES.read_text())
    messages = read(apimachinery, META, "pkg/apis/meta/v1")
    packages = {}
    for kind in table["kinds"]:
        version = kind.split(" ")[0]
        group, _, number = version.rpartition("/")
        folder = {"": "core"}.get(group, group.split(".")[0])
        packages[version] = package = f"k8s.io.api.{folder}.{number}"
        try:
            messages |= read(api, package, f"{folder}/{number}")
        except subprocess.CalledProcessError:
            print(f"{version}: no .proto file; its kinds are left out", file=sys.stderr)
    numbers = Numbers(messages, table["types"])
    for kind, name in table["kinds"].items():
        version, title = kind.split(" ")
        at_home = f"{packages[version]}.{title}"
        numbers.walk(name, at_home if at_home in messages else f"{META}.{title}")
    rows = [
        f" {json.dumps(n)}: {json.dumps(f, separators=(',', ':'))}" for n, f in sorted(numbers.found.items())
    ]
    TARGET.write_text("{\n" + ",\n".join(rows) + "\n}\n")
    print(f"{len(rows)} types, {TARGET.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
