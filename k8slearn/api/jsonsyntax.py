"""What is wrong with a text that is not JSON, in the words of Go's scanner.

Only called when Python's decoder has refused a text: it finds the first byte that cannot stand where it
stands. Kubernetes: Go's encoding/json/scanner.go
"""

from __future__ import annotations

import re

GO_DEPTH = 10_000
END = "unexpected end of JSON input"
_SPACE = re.compile(rb"[ \t\r\n]*")
_LITERALS = {b"t": b"true", b"f": b"false", b"n": b"null"}
_ESCAPES = b'"\\/bfnrt'
_SPECIAL = {
    "'": r"\'",
    "\\": r"\\",
    "\a": r"\a",
    "\b": r"\b",
    "\f": r"\f",
    "\n": r"\n",
    "\r": r"\r",
    "\t": r"\t",
    "\v": r"\v",
}
_HEX = b"0123456789abcdefABCDEF"

_DIGITS = b"0123456789"
_BRACKETS = {b"[": b"]", b"{": b"}"}


class _Wrong(Exception):
    """The text cannot go on like this at `at`."""


def syntax_error(raw: bytes) -> str:
    """Go's message; "" when there is nothing wrong with the syntax."""
    try:
        _Scanner(raw).run()
    except _Wrong as wrong:
        return str(wrong)
    return ""


class _Scanner:
    """Reads values one after the other; `open` has the brackets that are still open."""

    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0
        self.open: list[bytes] = []

    def run(self) -> None:
        self.value()
        while self.open:
            self.value() if self.goes_on() else None
        if self.peek():
            raise self.wrong("after top-level value")

    def peek(self) -> bytes:
        """The next byte that is not white space; empty at the end."""
        found = _SPACE.match(self.raw, self.at)
        self.at = found.end() if found else self.at
        return self.raw[self.at : self.at + 1]

    def wrong(self, context: str) -> _Wrong:
        byte = self.raw[self.at : self.at + 1]
        return _Wrong(f"invalid character {_quoted(byte)} {context}" if byte else END)

    def take(self, allowed: bytes, context: str) -> bytes:
        byte = self.raw[self.at : self.at + 1]
        if not byte or byte not in allowed:
            raise self.wrong(context)
        self.at += 1
        return byte

    # --- values ---

    def value(self) -> None:
        """One scalar or empty bracket; whatever opens on the way to it stays in `open`."""
        while True:
            byte = self.peek()
            if byte not in _BRACKETS:
                return self.scalar(byte)
            self.opened(byte)
            if self.peek() == _BRACKETS[byte]:
                return self.closed()
            if byte == b"{":
                self.key()

    def opened(self, byte: bytes) -> None:
        self.open.append(byte)
        self.at += 1
        if len(self.open) > GO_DEPTH:
            raise _Wrong("exceeded max depth")

    def closed(self) -> None:
        self.open.pop()
        self.at += 1

    def key(self) -> None:
        if self.peek() != b'"':
            raise self.wrong("looking for beginning of object key string")
        self.string()
        self.peek()
        self.take(b":", "after object key")

    def goes_on(self) -> bool:
        """After a value in brackets: a comma and one more value (True), or the end of the bracket."""
        of_object = self.open[-1] == b"{"
        byte = self.peek()
        if byte == _BRACKETS[self.open[-1]]:
            self.closed()
            return False
        if byte != b",":
            raise self.wrong("after object key:value pair" if of_object else "after array element")
        self.at += 1
        if of_object:
            self.key()
        return True

    # --- scalars ---

    def scalar(self, byte: bytes) -> None:
        if byte == b'"':
            self.string()
        elif byte in _LITERALS:
            self.literal(_LITERALS[byte])
        elif byte and byte in b"-0123456789":
            self.number()
        else:
            raise self.wrong("looking for beginning of value")

    def literal(self, word: bytes) -> None:
        for i in range(len(word)):
            letter = word[i : i + 1]
            self.take(letter, f"in literal {word.decode()} (expecting '{letter.decode()}')")

    def string(self) -> None:
        self.at += 1
        while True:
            byte = self.raw[self.at : self.at + 1]
            if not byte or byte < b" ":
                raise self.wrong("in string literal")
            self.at += 1
            if byte == b'"':
                return
            if byte == b"\\" and self.take(_ESCAPES + b"u", "in string escape code") == b"u":
                for _ in range(4):
                    self.take(_HEX, r"in \u hexadecimal character escape")

    def number(self) -> None:
        if self.raw[self.at : self.at + 1] == b"-":
            self.at += 1
        if self.take(_DIGITS, "in numeric literal") != b"0":
            self.digits()
        if self.raw[self.at : self.at + 1] == b".":
            self.at += 1
            self.take(_DIGITS, "after decimal point in numeric literal")
            self.digits()
        if self.raw[self.at : self.at + 1] in (b"e", b"E"):
            self.at += 1
            if self.raw[self.at : self.at + 1] in (b"+", b"-"):
                self.at += 1
            self.take(_DIGITS, "in exponent of numeric literal")
            self.digits()

    def digits(self) -> None:
        while self.raw[self.at : self.at + 1].isdigit():
            self.at += 1


def _quoted(byte: bytes) -> str:
    """A byte as Go shows it: as the character of that number. Kubernetes: quoteChar, strconv.Quote"""
    char = byte.decode("latin-1")
    if char in _SPECIAL:
        return f"'{_SPECIAL[char]}'"
    if char.isprintable():
        return f"'{char}'"
    return f"'\\x{byte[0]:02x}'" if byte < b"\x80" else f"'\\u{byte[0]:04x}'"
