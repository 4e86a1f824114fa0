"""A step's way through a round: the candidates of a phase are a queue, of which a shard that is free claims the next.

A claim is a create-only record that names run, shard and queue. One of this run and this shard was left by an earlier
process of this very step, and is taken up first. Those of other runs, dead or at work, are void.

Nothing is left out, though no step waits for another. A step ends when it finds no candidate that is due (the record of
the phase before is there) and not claimed in this run. The shard that makes a candidate due comes to the next phase
only after that, so at the latest it claims it there. And what is claimed is done, or the step of its shard fails, and
with it the run; the next run claims it anew. So when the steps of all shards have ended well, every candidate is done.

Who does the work, and who is first, decides nothing of what is found: seeds, weights and verdicts don't depend on it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from components.records.layout import claim_path, claims_path, plan_path, round_of, trials_path
from components.records.results import Candidate, Plan, Record
from components.records.store import Store, require_record, write_record
from components.rounds.predicted_work import longest_first

ONE_RUN = "one"  # the run of steps that are called outside of any
IsDue = Callable[[Plan, Candidate, Sequence[str]], bool]


class Claim(Record, frozen=True, kw_only=True):
    """That a shard of a run has a candidate of a queue in hand, or had.

    Fields:
        run: id of the run.
        shard: path of the shard.
        queue: what is done with the candidate, such as `probe`, or `profile-tpu-v5e` on that device.
        candidate: its id.
    """

    run: str
    shard: str
    queue: str
    candidate: str


class ShardRecord(Record, frozen=True, kw_only=True):
    """What the process did that first ended a shard's step: its run, and the candidates it had in hand, in that order.

    No step reads it: in a later run of an unfinished round, the same shard takes what is left of the queue. It shows
    in the search directory that a step is done, which else only Kubeflow knows, as its steps return nothing; by that
    the tests which kill runs tell who is at work. And it says which shard did what, where one was slow.
    """

    run: str
    candidates: tuple[str, ...]


def complete_shard(
    store: Store, shard: str, queue: str, is_due: IsDue, evaluate: Callable[[Plan, Candidate], object], run: str
) -> None:
    """Evaluates the candidates of a round's queue that no other shard of this run has claimed, until none is left.

    Args:
        store: the search's.
        shard: path of the shard that this step is of.
        queue: name of the queue and of the shard's record, such as `probe`.
        is_due: whether a candidate has still to be evaluated, and can be: from the plan, the candidate, and the names
            of what lies in its folder. One that lacks the record of the phase before, or that ended there, is not due.
        evaluate: writes a candidate's record unless it is there.
        run: id of the run that this step is of.

    Raises:
        FileNotFoundError: where the round has no plan.
    """
    plan = require_record(store, plan_path(round_of(shard)), Plan)
    had: list[str] = []
    for candidate in _claimed(store, plan, shard, queue, is_due, run):
        evaluate(plan, candidate)
        had.append(candidate.id)
    write_record(store, f"{shard}/{queue}.json", ShardRecord(run=run, candidates=tuple(had)))


def _claimed(store: Store, plan: Plan, shard: str, queue: str, is_due: IsDue, run: str) -> Iterator[Candidate]:
    """Yields what a shard has claimed, each candidate to be evaluated before the next is asked for.

    The store is listed anew only when all that was due has been tried. So a candidate costs the shard that has it one
    request, and one that comes too late two or three.
    """
    waiting = longest_first(plan)
    tried = True
    while tried:
        tried = False
        for candidate in _due(store, plan, waiting, shard, queue, is_due, run):
            claim = Claim(run=run, shard=shard, queue=queue, candidate=candidate.id)
            if write_record(store, claim_path(plan.round, run, queue, candidate.id), claim).shard == shard:
                tried = True
                waiting.remove(candidate)
                yield candidate


def _due(
    store: Store, plan: Plan, waiting: Sequence[Candidate], shard: str, queue: str, is_due: IsDue, run: str
) -> list[Candidate]:
    """The candidates that are due and not another shard's: first those that this one has claimed before."""
    claims = store.paths(claims_path(plan.round, run, queue))
    names = _names_by_candidate(store, plan.round)
    own, free = [], []
    for candidate in waiting:
        if not is_due(plan, candidate, names[candidate.id]):
            continue
        path = claim_path(plan.round, run, queue, candidate.id)
        if path not in claims:
            free.append(candidate)
        elif require_record(store, path, Claim).shard == shard:
            own.append(candidate)
    return own + free


def _names_by_candidate(store: Store, round_path: str) -> dict[str, list[str]]:
    """Names of what lies in each candidate's folder."""
    folder = trials_path(round_path)
    names: dict[str, list[str]] = defaultdict(list)
    for path in store.paths(folder):
        candidate, _, name = path.removeprefix(f"{folder}/").partition("/")
        names[candidate].append(name)
    return names
