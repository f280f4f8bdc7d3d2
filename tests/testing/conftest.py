"""Schedules of failures go where the test's other files go."""

import pytest

from k8slearn.testing.settings import SETTINGS


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(SETTINGS, "folder", tmp_path)
