"""What tests of several folders share: one small search, run once."""

import shutil
import signal

import pytest

from components.records.store import open_search
from tests.small_search import SmallSearch

# A shell without job control starts what runs in the background deaf to Ctrl-C, and so would be what tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def small_search(tmp_path_factory):
    """The small search, run to its end; its folders are for reading."""
    return SmallSearch(tmp_path_factory.mktemp("small"))


@pytest.fixture
def store_at(small_search, tmp_path):
    """Gives a store of its own that holds the small search as it stood at a point: `store_at("proposed")`."""

    def copy(name):
        return open_search(str(shutil.copytree(small_search.at[name], tmp_path / "search")))

    return copy
