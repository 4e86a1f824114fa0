"""Rules between the fields of a search: what no single field's type can say."""

from collections.abc import Callable, Iterator

import msgspec

from components.hardware.devices import HOST
from components.records.search import Search
from components.records.tasks import share_rows, target_task, tasks_with_rows
from components.search_file.problems import Problem, shown

DEPTH = 4  # rounds that one pipeline run nests by default
FINISHING_ROUNDS = 4  # rerank, grid, winner, ensemble
TABLES = ("csv", "parquet")  # sources whose label is a column
MOST_SHARDS = 24  # in one pipeline run: Argo keeps a run's state within 1 MiB


def most_shards(depth: int = DEPTH) -> int:
    """Shards that a round may have in a run that nests so many rounds."""
    return MOST_SHARDS // (depth + FINISHING_ROUNDS)


def rule_problems(search: Search) -> Iterator[Problem]:
    """Yields where the fields of a search contradict each other."""
    for rule in RULES:
        yield from rule(search)


def split_leaves_training_rows(search: Search) -> Iterator[Problem]:
    """validation + test < 1."""
    for task in tasks_with_rows(search):
        data, path = task.data, task.path
        if data.validation + data.test >= 1:
            rule = f"below 1 - `{path}.validation` = {1 - data.validation:g}, so that rows are left to train on"
            yield Problem(f"{path}.test", rule, shown(data.test))


def label_names_a_column(search: Search) -> Iterator[Problem]:
    """csv: and parquet: need a label, the others have theirs."""
    for task in tasks_with_rows(search):
        label, kind, path = task.data.label, task.data.source.partition(":")[0], f"{task.path}.label"
        if kind in TABLES and label is None:
            yield Problem(path, f"the name of the label column of a {kind}: source", shown(label))
        if kind not in TABLES and label is not None:
            yield Problem(path, f"left out, as a {kind}: source has its own labels", shown(label))


def task_fits_the_source(search: Search) -> Iterator[Problem]:
    """The labels of csv: and parquet: may be classes or numbers, those of the others are what they are."""
    for task in tasks_with_rows(search):
        own = msgspec.structs.replace(task.data, task=None).learning_task
        if task.data.source.partition(":")[0] not in TABLES and task.data.learning_task != own:
            rule = f"null or {own} with the source {task.data.source}"
            yield Problem(f"{task.path}.task", rule, shown(task.data.task))


def image_size_fits_the_source(search: Search) -> Iterator[Problem]:
    """images: needs an image size, tfds: may have one, the others have none."""
    for task in tasks_with_rows(search):
        size, kind, path = task.data.image_size, task.data.source.partition(":")[0], f"{task.path}.image_size"
        if kind == "images" and size is None:
            yield Problem(path, "[height, width] for an images: source", shown(size))
        if kind in (*TABLES, "sklearn") and size is not None:
            yield Problem(path, f"left out for a {kind}: source, which is not resized", shown(size))


def rows_are_held_out_of_both_tasks(search: Search) -> Iterator[Problem]:
    """A target of the search's own source is split as the search is, so that the same rows are held out."""
    if not share_rows(search):
        return
    own, target = search.data, target_task(search)
    names = {"label": "label", "learning_task": "task", "validation": "validation", "test": "test"}
    for attribute, name in names.items():
        value, wanted = getattr(target.data, attribute), getattr(own, attribute)
        if value != wanted:
            rule = f"`$.data.{name}` = {shown(wanted)}, as the source is the same: else the target would be tested on"
            yield Problem(f"{target.path}.{name}", f"{rule} rows that trained the candidates", shown(value))


def full_phase_contains_the_probe(search: Search) -> Iterator[Problem]:
    """full_steps >= probe_steps; where weights are shared there is no probe."""
    training = search.training
    if training.full_steps < training.probe_steps and training.weight_sharing is None:
        rule = f">= `$.training.probe_steps` = {training.probe_steps}, which it includes"
        yield Problem("$.training.full_steps", rule, shown(training.full_steps))


def warmup_ends_before_training(search: Search) -> Iterator[Problem]:
    """warmup_steps is below the steps of every training."""
    scaling, own = search.final_scaling, search.final_scaling.target.training.warmup_steps
    searching = [("$.training.full_steps", search.training.full_steps)]
    finishing = [
        (f"$.final_scaling.{name}", getattr(scaling, name)) for name in ("rerank_steps", "grid_steps", "winner_steps")
    ]
    warmups = [("$.training.warmup_steps", search.training.warmup_steps, searching + finishing * (own is None))]
    if own is not None:
        warmups.append(("$.final_scaling.target.training.warmup_steps", own, finishing))
    for path, warmup, lengths in warmups:
        steps, shortest = min(lengths, key=lambda length: length[1])
        if warmup >= shortest:
            yield Problem(path, f"< `{steps}` = {shortest}", shown(warmup))


def shards_fit_one_run(search: Search) -> Iterator[Problem]:
    """Shards a round times (depth + finishing rounds) is at most 24, and no shard is empty."""
    rounds = search.rounds
    if rounds.shards_per_round > rounds.candidates_per_round:
        rule = f"<= `$.rounds.candidates_per_round` = {rounds.candidates_per_round}"
        yield Problem("$.rounds.shards_per_round", rule, shown(rounds.shards_per_round))
    if rounds.shards_per_round > most_shards():
        rule = (
            f"at most {most_shards()}, as a run has {DEPTH} rounds and {FINISHING_ROUNDS}"
            f" finishing rounds, and at most {MOST_SHARDS} shards in all"
        )
        yield Problem("$.rounds.shards_per_round", rule, shown(rounds.shards_per_round))


def efficiency_is_measured(search: Search) -> Iterator[Problem]:
    """An execution efficiency needs a measured latency."""
    scoring = search.scoring
    if scoring.efficiency_weight and scoring.latency != "measured":
        rule = "0 where `$.scoring.latency` is not `measured`: an estimate has no efficiency"
        yield Problem("$.scoring.efficiency_weight", rule, shown(scoring.efficiency_weight))


def a_measured_limit_is_measured(search: Search) -> Iterator[Problem]:
    """A limit on measured latency needs it measured."""
    limit = search.rejection.measured_latency_ms
    if limit is not None and search.scoring.latency != "measured":
        rule = "null where `$.scoring.latency` is not `measured`; `$.rejection.size.latency_ms` limits an estimate"
        yield Problem("$.rejection.measured_latency_ms", rule, shown(limit))


def limited_latency_is_of_a_known_device(search: Search) -> Iterator[Problem]:
    """A limit on latency needs a device of the table."""
    if search.rejection.size.latency_ms is not None and search.scoring.device == HOST:
        rule = "null where `$.scoring.device` is `host`, whose roofline is known only once it is measured"
        yield Problem("$.rejection.size.latency_ms", rule, shown(search.rejection.size.latency_ms))


def best_few_are_among_the_candidates(search: Search) -> Iterator[Problem]:
    """rerank <= budget.candidates."""
    rerank, candidates = search.final_scaling.rerank, search.budget.candidates
    if rerank > candidates:
        yield Problem("$.final_scaling.rerank", f"<= `$.budget.candidates` = {candidates}", shown(rerank))


def nothing_is_scaled_twice(search: Search) -> Iterator[Problem]:
    """widths, depths and baselines are distinct."""
    for name in ("widths", "depths", "baselines"):
        values = getattr(search.final_scaling, name) or ()
        if len(set(values)) < len(values):
            yield Problem(f"$.final_scaling.{name}", "a list without an entry twice", shown(values))


def members_are_among_the_initialisations(search: Search) -> Iterator[Problem]:
    """members <= initialisations."""
    ensemble = search.ensemble
    if ensemble.members > ensemble.initialisations:
        rule = f"<= `$.ensemble.initialisations` = {ensemble.initialisations}, as members are distinct"
        yield Problem("$.ensemble.members", rule, shown(ensemble.members))


RULES: tuple[Callable[[Search], Iterator[Problem]], ...] = (
    split_leaves_training_rows,
    label_names_a_column,
    task_fits_the_source,
    image_size_fits_the_source,
    rows_are_held_out_of_both_tasks,
    full_phase_contains_the_probe,
    warmup_ends_before_training,
    shards_fit_one_run,
    efficiency_is_measured,
    a_measured_limit_is_measured,
    limited_latency_is_of_a_known_device,
    best_few_are_among_the_candidates,
    nothing_is_scaled_twice,
    members_are_among_the_initialisations,
)
