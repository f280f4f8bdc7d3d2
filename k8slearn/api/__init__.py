"""Nouns: objects, kinds, selectors, patches, errors. Pure functions on plain dicts.

Duty: everything that can be said about an object without asking anybody.
Never: keep state, know the time, or import another room of this house.
Read first: `objects`, then `kinds`.
"""

from k8slearn.api.objects import Object, edit, freeze

__all__ = ["Object", "edit", "freeze"]
