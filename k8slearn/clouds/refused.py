"""What a cloud says when it does not do as it was asked."""

from __future__ import annotations


class Refused(Exception):
    """A wish that is not granted: too large, no more of it left, an unknown place. Asking again may help, or not."""
