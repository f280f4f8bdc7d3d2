"""How names, labels and keys must be spelt, and the words Kubernetes uses to say so.

Each format answers with a list of problems; an empty list means the text is fine. Read first: nothing.

Kubernetes: apimachinery/pkg/util/validation/validation.go and pkg/api/validate/content
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

Check = Callable[[str], list[str]]  # what is wrong with this text


@dataclass(frozen=True)
class Format:
    """A regular expression, a greatest length, and how to complain about both."""

    words: str
    pattern: str
    examples: tuple[str, ...] = ()
    longest: int = 0  # 0: any length
    unit: str = "characters"
    regex: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "regex", re.compile(self.pattern))

    def __call__(self, text: str) -> list[str]:
        problems = []
        if self.longest and len(text) > self.longest:
            problems.append(f"must be no more than {self.longest} {self.unit}")
        if not self.regex.fullmatch(text):
            problems.append(self.explain())
        return problems

    def explain(self) -> str:
        used = f"regex used for validation is '{self.pattern}'"
        examples = " or ".join(f"'{e}', " for e in self.examples)
        return f"{self.words} (e.g. {examples}{used})" if examples else f"{self.words} ({used})"


_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_ENDS = "and must start and end with an alphanumeric character"
_LOWER = "must consist of lower case alphanumeric characters"

dns_subdomain = Format(
    f"a lowercase RFC 1123 subdomain {_LOWER}, '-' or '.', {_ENDS}", _SUBDOMAIN, ("example.com",), 253
)
dns_1035_label = Format(
    f"a DNS-1035 label {_LOWER} or '-', start with an alphabetic character, "
    "and end with an alphanumeric character",
    "[a-z]([-a-z0-9]*[a-z0-9])?",
    ("my-name", "abc-123"),
    63,
)
wildcard_subdomain = Format(
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which "
    f"{_LOWER}, '-' or '.' and end with an alphanumeric character",
    rf"\*\.{_SUBDOMAIN}",
    ("*.example.com",),
    253,
)
label_value = Format(
    f"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', {_ENDS}",
    f"({_NAME})?",
    ("MyValue", "my_value", "12345"),
    63,
    "bytes",
)
percent = Format(
    "a valid percent string must be a numeric string followed by an ending '%'", "[0-9]+%", ("1%", "93%")
)
http_header = Format(
    "a valid HTTP header must consist of alphanumeric characters or '-'",
    "[-A-Za-z0-9]+",
    ("X-Header-Name",),
)
http_path = Format("Invalid path", r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+", ("google.com/foo",))
_dns_label = Format(
    f"a lowercase RFC 1123 label {_LOWER} or '-', {_ENDS}", _LABEL, ("my-name", "123-abc"), 63
)
_config_key = Format(
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    "[-._a-zA-Z0-9]+",
    ("key.name", "KEY_NAME", "key-name"),
    253,
)
_key_name = Format(
    f"name part must consist of alphanumeric characters, '-', '_' or '.', {_ENDS}",
    _NAME,
    ("MyName", "my.name", "123-abc"),
)


def dns_label(text: str) -> list[str]:
    """A subdomain is told apart from nonsense: its only fault is the dots."""
    problems = _dns_label(text)
    if problems and dns_subdomain.regex.fullmatch(text) and not _dns_label.regex.fullmatch(text):
        problems[-1] = "must not contain dots"
    return problems


def label_key(text: str) -> list[str]:
    """``name`` or ``example.com/name``. Kubernetes: IsQualifiedName, IsLabelKey."""
    prefix, slash, name = text.rpartition("/")
    if "/" in prefix:
        spelling = _key_name.explain().removeprefix("name part ")
        return [
            f"a valid label key {spelling} with an optional DNS subdomain prefix and '/' "
            "(e.g. 'example.com/MyName')"
        ]
    problems = []
    if slash and not prefix:
        problems.append("prefix part must be non-empty")
    elif slash:
        problems += [f"prefix part {p}" for p in dns_subdomain(prefix)]
    if not name:
        problems.append("name part must be non-empty")
    elif len(name) > 63:
        problems.append("name part must be no more than 63 bytes")
    return problems + _key_name(name)


def qualified_name(text: str) -> list[str]:
    """The same spelling, said of other things than labels. Kubernetes: IsQualifiedName"""
    if text.count("/") > 1:
        spelling = _key_name.explain().removeprefix("name part ")
        return [
            f"a qualified name {spelling} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        ]
    return label_key(text)


def config_key(text: str) -> list[str]:
    """A key of a ConfigMap or Secret: it becomes a file name."""
    problems = _config_key(text)
    if text in (".", ".."):
        problems.append(f"must not be '{text}'")
    elif text.startswith(".."):
        problems.append("must not start with '..'")
    return problems


def env_name(text: str) -> list[str]:
    """Since v1.34 almost anything printable. Kubernetes: IsRelaxedEnvVarName."""
    if not text:
        return ["environment variable name must be non-empty"]
    if any(not " " <= c <= "~" or c == "=" for c in text):
        return [
            "a valid environment variable name must consist only of printable ASCII characters other than '='"
        ]
    return []


def port_name(text: str) -> list[str]:
    """A container port's name (RFC 6335): short, with a letter in it."""
    rules = (
        (len(text) > 15, "must be no more than 15 characters"),
        (
            not re.fullmatch("[-a-z0-9]+", text),
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)",
        ),
        (not re.search("[a-z]", text), "must contain at least one letter (a-z)"),
        ("--" in text, "must not contain consecutive hyphens"),
        (text != text.strip("-"), "must not begin or end with a hyphen"),
    )
    return [problem for broken, problem in rules if broken]
