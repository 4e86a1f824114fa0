"""What the tests of data_split share: a store, a search around a data section, a fresh Python process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import components
from components.data_split.stage import split_data
from components.records.manifest import DataManifest
from components.records.search import Choice, Data, Search
from components.records.store import Store, open_search

ROOT = Path(components.__file__).parents[1]


@pytest.fixture
def store(tmp_path) -> Store:
    """An empty search directory."""
    return open_search(str(tmp_path / "search"))


@pytest.fixture
def split(store):
    """Splits a source into `store`."""

    def run(source: str, seed: int = 0, **options) -> DataManifest:
        data = Data(source=source, **options)
        return split_data(store, Search(name="test", seed=seed, data=data, space=Choice(name="any")))

    return run


@pytest.fixture(scope="session")
def python():
    """Runs a fresh Python process in a folder and returns the last line that it prints."""

    def run(folder: Path, *arguments: str, **environment: str) -> str:
        env = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}", **environment}
        done = subprocess.run([sys.executable, *arguments], cwd=folder, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout.strip().rpartition("\n")[2]

    return run
