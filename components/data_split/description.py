"""What a run is given: the search description, as text or by URI, and whether the pipeline was compiled for it."""

import re

from components.hardware.devices import HOST
from components.records.search import Search
from components.records.store import open_search
from components.rounds.layer_latencies import limits_layers
from components.search_file.rules import most_shards

URI = re.compile(r"\s*((?:gs|s3|file)://\S+)/([^/\s]+)\s*")


class WrongPipeline(ValueError):
    """The search asks for what the pipeline wasn't compiled for."""


def read_description(given: str) -> str:
    """Returns the text of a search description that is given as text or by the gs://, s3:// or file:// URI of a file.

    Raises:
        FileNotFoundError: where there is no such file.
        ValueError: where the file isn't text.
    """
    uri = URI.fullmatch(given)
    if uri is None:
        return given
    data = open_search(uri[1]).read(uri[2])
    if data is None:
        raise FileNotFoundError(f"`description` must be a search or the URI of one. Received: {given.strip()}.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"`description` must be text in UTF-8. Received: {given.strip()} ({error}).") from None


def check_compiled_for(search: Search, devices: str, depth: int) -> None:
    """Checks that a pipeline has what a search needs.

    Args:
        search: the search.
        devices: that the pipeline measures latency on, separated by blanks; empty for the machine that it runs on.
        depth: rounds that one run nests.

    Raises:
        WrongPipeline: where latency is to be measured on another device, or a run would have too many shards.
    """
    scoring, measured = search.scoring, devices.split()
    estimated = scoring.latency == "estimated" and not limits_layers(search)
    must_run_there = not estimated or scoring.device == HOST  # other devices are estimated anywhere
    if measured and must_run_there and scoring.device not in measured:
        raise WrongPipeline(
            f"`scoring.device` must be one that the pipeline was compiled to benchmark on: {', '.join(measured)}. "
            f"Received: {scoring.device}. Compile the pipeline with --benchmark-on for it, name another device, or let "
            "another device's latency be estimated, without a limit on that of layers."
        )
    if search.rounds.shards_per_round > most_shards(depth):
        raise WrongPipeline(
            f"`rounds.shards_per_round` must be at most {most_shards(depth)} in a pipeline that nests {depth} rounds. "
            f"Received: {search.rounds.shards_per_round}. Compile the pipeline with a smaller --depth."
        )
