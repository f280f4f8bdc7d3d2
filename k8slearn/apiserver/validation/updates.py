"""Being written."""


def check_update(kind, new, old):
    return []
