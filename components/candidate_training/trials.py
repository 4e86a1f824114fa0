"""A candidate's trials: which variants are trained from where to where, and what ends them early."""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

from components.candidate_training.sharing import train_shared
from components.records.layout import trial_path, weights_path
from components.records.results import (
    Candidate,
    Kind,
    Phase,
    Plan,
    TrainingRecord,
    TrialResult,
    Variant,
    Verdict,
)
from components.records.spans import Stopwatch
from components.records.store import Store, require_record
from components.records.unrecorded import put_unrecorded
from components.rounds.context import SearchContext
from components.rounds.deadline import deadline
from components.rounds.rejection_rules import cheapest_first, over_limit, passes
from components.rounds.variants import Group, best_trial, best_trials, variant_groups, variant_seed, worth_training

Trained = tuple[TrialResult, bytes | None]


class Trainer(SearchContext):
    """Trains candidates one after the other in one process; data and TensorFlow are loaded when first needed."""

    def __init__(self, store: Store, phase: Phase, kind: Kind = "search"):
        super().__init__(store, kind)
        self.phase: Phase = phase
        self.watch = Stopwatch()

    @cached_property
    def feed(self):  # type: ignore[no-untyped-def]
        """Training and validation rows, ready for the traced step."""
        from components.training.runtime import prepare_tensorflow

        prepare_tensorflow()
        from components.training.feed import Feed

        limit = self.task.data.memory_limit_mib
        rows = (*self.rows("train", limit), *self.rows("validation", limit))
        return Feed(*rows, memory_limit_mib=limit)

    def train(self, plan: Plan, candidate: Candidate) -> TrainingRecord:
        """Trains a candidate's variants, cheapest first, until all are done or its fate is decided; writes weights."""
        if candidate.role == "shared":
            return train_shared(self, self.feed, plan, candidate, self.watch)
        results: list[TrialResult] = []
        weights: dict[str, bytes] = {}
        failed = None
        until = deadline(self.store, plan)
        for group in variant_groups(self._variants(plan, candidate)):
            decided = failed or self._is_decided(plan, candidate, results)
            tried = () if decided else worth_training(group, candidate.variants, results)
            if tried:
                _ = self.feed  # missing rows or weights fail the step, not the candidate
                starts = [self._start(plan, candidate, variant) for variant in tried]
                try:
                    trained, kept = self._trials(plan, candidate, tried, starts, until)
                except Exception as error:  # a design that can't be built or run is a verdict, not a broken stage
                    failed = f"{type(error).__name__}: {str(error)[:500]}"
                    continue
                results += trained
                weights |= kept
            results += [TrialResult(variant=one.name, status="not_built") for one in group if one not in tried]
        if not failed and self._weights_are_needed() and not self._is_decided(plan, candidate, results):
            for name, checkpoint in weights.items():
                put_unrecorded(self.store, weights_path(plan.round, candidate.id, self.phase, name), checkpoint)
        return TrainingRecord(
            candidate=candidate.id, phase=self.phase, trials=tuple(results), failed=failed, span=self.watch.span()
        )

    def failed(self, candidate: Candidate) -> Callable[[str], TrainingRecord]:
        """Returns what makes the record of a candidate that could not be trained, from the reason."""
        return lambda reason: TrainingRecord(
            candidate=candidate.id, phase=self.phase, trials=(), failed=reason, span=self.watch.span()
        )

    def _variants(self, plan: Plan, candidate: Candidate) -> Sequence[Variant]:
        if self.phase == "probe" or not plan.probe_steps:
            return cheapest_first(candidate)
        verdict = require_record(self.store, f"{trial_path(plan.round, candidate.id)}/verdict.json", Verdict)
        return [variant for variant in cheapest_first(candidate) if variant.name in verdict.kept]

    def _is_decided(self, plan: Plan, candidate: Candidate, results: Sequence[TrialResult]) -> bool:
        """Whether nothing more of a candidate need be trained; only in search rounds, the others train all they can."""
        if plan.kind != "search":
            return False
        rejection = self.search.rejection
        over = over_limit(candidate, rejection.size, self.search.scoring)
        if over or any(result.status == "time_up" for result in results):
            return True
        best = best_trials(candidate, results)
        return rejection.rule == "any" and not all(passes(result, rejection, self.phase) for result in best)

    def _resumes(self, plan: Plan) -> bool:
        return self.phase == "full" and plan.probe_steps > 0 and self.space.continues_probe

    def _start(self, plan: Plan, candidate: Candidate, variant: Variant) -> bytes | None:
        """The weights that a variant starts from, None where it starts from its seed."""
        if not self._resumes(plan):
            return None
        path = weights_path(plan.round, candidate.id, "probe", variant.name)
        data = self.store.read(path)
        if data is None:
            raise FileNotFoundError(f"`{self.store.uri}` must hold {path}, the probe's weights.")
        return data

    def _weights_are_needed(self) -> bool:
        """By what comes after this phase; the stability test starts from the probe's, too."""
        return self.phase == "full" or self.space.continues_probe or not self.space.brings_optimizer

    def _trials(
        self, plan: Plan, candidate: Candidate, group: Group, starts: Sequence[bytes | None], until: float | None
    ) -> tuple[list[TrialResult], dict[str, bytes]]:
        """Trains variants that differ in nothing but the learning rate, from the same weights on the same rows.

        Returns their results, and the weights of the one that stands for them by its name, empty where it has none.
        """
        feed = self.feed
        from components.training.recipe import Recipe
        from components.training.sweep import Rate, run_sweep

        spec, steps = self.space.from_json(candidate.spec), plan.full_steps
        brings = self.space.brings_optimizer
        rates = [Rate(one.name, one.learning_rate, start) for one, start in zip(group, starts, strict=True)]
        recipe = Recipe(
            lambda: self.build(candidate, group[0]),
            feed,
            self.task.training,
            seed=variant_seed(self.search.seed, plan.round, candidate, group[0]),
            total_steps=steps,
            optimizer=(lambda: self.space.optimizer(spec, 1.0, steps)) if brings else None,
        )
        trained = run_sweep(
            recipe,
            rates,
            first_step=plan.probe_steps if self._resumes(plan) else 0,
            last_step=plan.probe_steps if self.phase == "probe" else steps,
            deadline=until,
        )
        return _best_kept(group, trained)


def _best_kept(group: Group, trained: Iterable[Trained]) -> tuple[list[TrialResult], dict[str, bytes]]:
    """All results, and the weights of the best by its name; at no time are more held than those of the best so far."""
    results: list[TrialResult] = []
    kept: dict[str, bytes] = {}
    for result, data in trained:
        results.append(result)
        if best_trial(group, results) is result:
            kept = {} if data is None else {result.variant: data}
        del data  # else it would be held while the next rate is trained
    return results, kept
