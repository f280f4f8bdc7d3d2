"""A very small shell: enough to know what the one-liners do that people put into a container's command.

``sh -c "echo hello; sleep 5; exit 3"`` says hello, and ends after five seconds with 3. Understood are ``echo``,
``sleep``, ``exit``, ``true``, ``false``, ``:``, ``touch``, ``rm`` and ``while true; do ...; done`` around them, one
after the other (``;``, ``&&`` or a new line); in such a loop, ``wget`` and ``curl``, too, which make it one that asks
others for ever (``while sleep 0.01; do wget -q -O- http://web; done``). Whatever else there is makes the script
unknown: it runs for good.
"""

from __future__ import annotations

import re
import shlex
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

SHELLS = ("sh", "bash", "ash", "/bin/sh", "/bin/bash", "/bin/ash", "/usr/bin/bash")
LOOP = re.compile(r"^(.*?)\bwhile\s+(true|:|sleep\s[^;]*?)\s*;\s*do\b(.*)\bdone\s*;?\s*$", re.DOTALL)
UNHEARD = re.compile(r"\b((?:wget|curl)\s[^;|\n>]*?)(?:\s+[12]?>\s*(?:/dev/null|&[12]))+")
OF_TWO_WORDS = frozenset("-O -o -T -t -m -H -X -U -A --max-time --connect-timeout --retry".split())
ASKING = 0.01  # seconds that it takes to start a program, and to ask
VARIABLE = re.compile(r"\$\((\w+)\)")  # how Kubernetes writes a variable in a command
LITERAL_DOLLAR = "\0"  # one in single quotes: no variable begins here
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}

Says = tuple[tuple[float, str], ...]  # seconds after the start, and what; variables are not filled in yet


class Script(NamedTuple):
    says: Says
    ends_after: float | None  # seconds; None: never
    exit_code: int = 0
    files: tuple[tuple[float, str, bool], ...] = ()
    again: tuple[float, float, tuple[str, ...]] = (0.0, 0.0, ())  # from when on, how often, what
    exits: bool = False  # by an ``exit``, which no loop survives
    asks: tuple[str, ...] = ()  # URLs, one after the other, time and again: in a loop
    every: float = 0.0  # seconds that a round of it takes
    begins: float = 0.0  # when the first round does


def understood(words: list[str]) -> Script | None:
    """What this command line does, or None."""
    return _understood(tuple(words))


@lru_cache(1024)
def _understood(words: tuple[str, ...]) -> Script | None:
    if not words:
        return None
    if words[0] in SHELLS:
        return _script(words[2]) if len(words) > 2 and words[1] in ("-c", "-ec") else None
    return _run([[VARIABLE.sub(r"${\1}", word) for word in words]])


def _script(text: str) -> Script | None:
    loop = LOOP.match(text)
    before = _run(_statements(loop[1] if loop else text))
    if loop is None or before is None or before.ends_after is None:
        return before
    body = _run(_statements(loop[2] + ";" + loop[3]), in_loop=True)
    if body is None:
        return None
    if body.ends_after is None or body.exits:
        return _run(_statements(loop[1] + ";" + loop[2] + ";" + loop[3]))
    each = tuple(line for _, line in body.says)
    again = (before.ends_after, body.ends_after, each) if body.ends_after else (0.0, 0.0, ())
    begins = before.ends_after if body.asks else 0.0
    asking = before._replace(asks=body.asks, every=body.ends_after, begins=begins)
    return asking._replace(ends_after=None, exit_code=0, again=again)


def _statements(text: str) -> list[list[str]] | None:
    """The words of each; None where the quotes do not match."""
    text = re.sub(r"'[^']*'", lambda quoted: quoted[0].replace("$", LITERAL_DOLLAR), text)
    try:
        text = VARIABLE.sub(r"${\1}", UNHEARD.sub(r"\1", text)).replace("\n", " ; ")
        lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|<>()")
        lexer.whitespace_split = True
        lexer.commenters = ""
        words = list(lexer)
    except ValueError:
        return None
    found: list[list[str]] = [[]]
    for word in words:
        if word in (";", "&&"):
            found.append([])
        else:
            found[-1].append(word)
    return [statement for statement in found if statement]


def _run(statements: list[list[str]] | None, *, in_loop: bool = False) -> Script | None:
    """One after the other; None as soon as one is not understood."""
    if statements is None:
        return None
    now, code, exits = 0.0, 0, False
    says: list[tuple[float, str]] = []
    files: list[tuple[float, str, bool]] = []
    asks: list[str] = []
    for command, *rest in statements:
        match command.rpartition("/")[2] if not any(map(_is_odd, rest)) else "":
            case "echo":
                says.append((now, " ".join(word for word in rest if word not in ("-n", "-e"))))
            case "sleep" if (seconds := _length(rest)) is not None:
                now += seconds
                if now == float("inf"):
                    return Script(tuple(says), None, 0, tuple(files))
            case "exit":
                code, exits = int(rest[0]) if rest and rest[0].isdigit() else code, True
                break
            case "touch" | "rm" as verb:
                files += [(now, name, verb == "touch") for name in rest if not name.startswith("-")]
            case "wget" | "curl" if in_loop and (url := _asked(rest)):
                now += ASKING
                asks.append(url)
            case "true" | ":" | "false" as verb:
                code = int(verb == "false")
                continue
            case _:
                return None
        code = 0
    return Script(tuple(says), now, code, tuple(files), exits=exits, asks=tuple(asks))


def _is_odd(word: str) -> bool:
    """A pipe, a redirection, the output of another command."""
    return re.search(r"^[;&|<>()]+$|`|\$\(", word) is not None


def _length(words: list[str]) -> float | None:
    """Of a sleep: 5, 5s, 1.5m, infinity."""
    if words == ["infinity"]:
        return float("inf")
    found = [re.fullmatch(r"(\d+\.?\d*|\.\d+)([smhd]?)", word) for word in words]
    if not words or not all(found):
        return None
    return sum(float(m[1]) * UNITS[m[2]] for m in found if m)


def _asked(words: list[str]) -> str | None:
    """The one URL among the words of wget or curl; both take ``web`` for ``http://web``."""
    rest, urls = iter(words), list[str]()
    for word in rest:
        if word in OF_TWO_WORDS:
            next(rest, None)
        elif not word.startswith("-"):
            urls.append(word if "://" in word else f"http://{word}")
    return urls[0] if len(urls) == 1 and is_url(urls[0]) else None


def is_url(text: str) -> bool:
    """``http://HOST:PORT/PATH``, of which only the host must be there."""
    try:
        parts = urlsplit(text)
        return parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
