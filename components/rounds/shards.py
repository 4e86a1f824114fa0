"""A step's way through a shard: each candidate once, then the record that says that the shard is done."""

from collections.abc import Callable

from components.records.layout import members_of, plan_path, round_of
from components.records.results import Candidate, Plan, Record
from components.records.store import Store, require_record, write_record


class ShardRecord(Record, frozen=True, kw_only=True):
    """The candidates of a shard whose records of one phase are all there."""

    candidates: tuple[str, ...]


def complete_shard(store: Store, shard: str, name: str, evaluate: Callable[[Plan, Candidate], object]) -> None:
    """Evaluates every candidate of a shard unless the shard's record says that this is done.

    Args:
        store: the search's.
        shard: path of the shard.
        name: of the shard's record, such as `probe`.
        evaluate: writes a candidate's record unless it is there.
    """
    path = f"{shard}/{name}.json"
    if store.exists(path):
        return
    plan = require_record(store, plan_path(round_of(shard)), Plan)
    members = members_of(plan, shard)
    for candidate in members:
        evaluate(plan, candidate)
    write_record(store, path, ShardRecord(candidates=tuple(candidate.id for candidate in members)))
