"""One replay of all stories, for everybody."""

import pytest

from tools.fidelity.__main__ import at_home
from tools.fidelity.score import EXCHANGES, Played
from tools.fidelity.stories import load


@pytest.fixture(scope="session")
def played() -> Played:
    return at_home(load(EXCHANGES))
