"""Being written."""
KINDS: dict = {}
