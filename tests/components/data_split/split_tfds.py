"""Splits data sets of $TFDS_DATA_DIR, each into a folder of its name, and prints what became of them as JSON.

split_tfds.py JSON, a list of data sections.
"""

import json
import sys

import msgspec

from components.data_split.errors import DataError
from components.data_split.stage import split_data
from components.records.search import Choice, Data, Search
from components.records.store import open_search


def outcome(data):
    """The manifest as JSON data, or the message of the refusal."""
    search = Search(name="test", data=data, space=Choice(name="any"))
    try:
        return msgspec.to_builtins(split_data(open_search(data.source.removeprefix("tfds:")), search))
    except DataError as error:
        return str(error)


print(json.dumps([outcome(data) for data in msgspec.json.decode(sys.argv[1], type=list[Data])]))
