"""Asserts in stories explain themselves as those in tests do."""

import pytest

pytest.register_assert_rewrite(
    *(f"tests.compatibility.with_{name}" for name in ("kubectl", "kubernetes", "kr8s", "lightkube", "kopf"))
)
