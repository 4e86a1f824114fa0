"""A candidate's trials: which variants are trained from where to where, and what ends them early."""

from collections.abc import Callable, Sequence
from functools import cached_property

from components.records.layout import trial_path, weights_path
from components.records.results import (
    Candidate,
    Phase,
    Plan,
    TrainingRecord,
    TrialResult,
    Variant,
    Verdict,
)
from components.records.rows import read_part
from components.records.spans import Stopwatch
from components.records.store import Store, require_record
from components.rounds.context import SearchContext
from components.rounds.deadline import deadline
from components.rounds.rejection_rules import cheapest_first, over_limit, passes
from components.training.seeds import trial_seed


class Trainer(SearchContext):
    """Trains candidates one after the other in one process; data and TensorFlow are loaded when first needed."""

    def __init__(self, store: Store, phase: Phase):
        super().__init__(store)
        self.phase: Phase = phase
        self.watch = Stopwatch()

    @cached_property
    def feed(self):  # type: ignore[no-untyped-def]
        """Training and validation rows, ready for the traced step."""
        from components.training.runtime import prepare_tensorflow

        prepare_tensorflow()
        from components.training.feed import Feed

        limit = self.search.data.memory_limit_mib
        rows = (*read_part(self.store, "train", limit), *read_part(self.store, "validation", limit))
        return Feed(*rows, memory_limit_mib=limit)

    def train(self, plan: Plan, candidate: Candidate) -> TrainingRecord:
        """Trains a candidate's variants, cheapest first, until all are done or its fate is decided; writes weights."""
        results: list[TrialResult] = []
        weights: dict[str, bytes] = {}
        failed = None
        until = deadline(self.store, plan)
        for variant in self._variants(plan, candidate):
            if failed or self._is_decided(plan, candidate, results):
                results.append(TrialResult(variant=variant.name, status="not_built"))
                continue
            _ = self.feed  # missing rows or weights fail the step, not the candidate
            start = self._start(plan, candidate, variant)
            try:
                result, checkpoint = self._trial(plan, candidate, variant, start, until)
            except Exception as error:  # a design that can't be built or run is a verdict, not a broken stage
                failed = f"{type(error).__name__}: {str(error)[:500]}"
                continue
            results.append(result)
            if checkpoint is not None:
                weights[variant.name] = checkpoint
        if not failed and not self._is_decided(plan, candidate, results):
            for name, checkpoint in weights.items():
                self.store.create(weights_path(plan.round, candidate.id, self.phase, name), checkpoint)
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
        if over_limit(candidate, rejection.size) or any(result.status == "time_up" for result in results):
            return True
        return rejection.rule == "any" and not all(passes(result, rejection, self.phase) for result in results)

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

    def _trial(
        self, plan: Plan, candidate: Candidate, variant: Variant, start: bytes | None, until: float | None
    ) -> tuple[TrialResult, bytes | None]:
        feed = self.feed
        from components.training.plain import run_trial

        return run_trial(
            lambda: self.build(candidate, variant),
            feed,
            self.search.training,
            variant=variant.name,
            seed=trial_seed(self.search.seed, plan.round, candidate.id, variant.name),
            first_step=plan.probe_steps if self._resumes(plan) else 0,
            last_step=plan.probe_steps if self.phase == "probe" else plan.full_steps,
            total_steps=plan.full_steps,
            start=start,
            deadline=until,
        )
