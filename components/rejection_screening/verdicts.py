"""The verdict of a candidate, from its probe's record, its predicted size and the stability test."""

from collections.abc import Sequence

import numpy as np

from components.records.data_section import QUALITY_NAMES
from components.records.layout import trial_path, weights_path
from components.records.results import (
    Candidate,
    Plan,
    Reason,
    TrainingRecord,
    TrialResult,
    Variant,
    Verdict,
)
from components.records.spans import Stopwatch
from components.records.store import Store, read_record, require_record
from components.rejection_screening.savings import predicted_saved_seconds, seconds_a_step
from components.rounds.context import SearchContext
from components.rounds.rejection_rules import cheapest_first, is_non_finite, over_limit, passes
from components.rounds.variants import best_trials, variant_seed
from components.training.seeds import weights_seed

STABILITY_ROWS = 7  # purpose of the draw, part of its seed: the same rows for every candidate


class Screen(SearchContext):
    """Judges candidates one after the other in one process; TensorFlow is loaded for the first one that needs it."""

    def __init__(self, store: Store):
        super().__init__(store)
        self.watch = Stopwatch()

    def verdict(self, plan: Plan, candidate: Candidate) -> Verdict:
        """Returns whether a candidate goes on, from the cheapest test to the dearest."""
        size = over_limit(candidate, self.search.rejection.size, self.search.scoring)
        if size:
            untried = [TrialResult(variant=variant.name, status="not_built") for variant in candidate.variants]
            return self.rejected(candidate, "size", size, saved_seconds=self._saved(plan, candidate, untried))
        probe = require_record(self.store, f"{trial_path(plan.round, candidate.id)}/probe.json", TrainingRecord)
        if probe.failed:
            return self.rejected(candidate, "failed", probe.failed)
        if any(trial.status == "time_up" for trial in probe.trials):
            return self.rejected(candidate, "time_up", "the budget's time was up during the probe")
        kept, reason, detail = self._after_probe(best_trials(candidate, probe.trials))
        norms: dict[str, float | None] = {}
        # A model is all that the test looks at: an optimizer can't fail it.
        if reason is None and self.search.rejection.stability.enabled and not self.space.brings_optimizer:
            norms = self._largest_norms(plan, candidate, kept)
            kept, reason, detail = self._after_stability(kept, norms)
        if reason is None:
            return Verdict(
                candidate=candidate.id, reason=None, detail="", kept=kept, stability_norms=norms, span=self.watch.span()
            )
        return self.rejected(candidate, reason, detail, norms, self._saved(plan, candidate, probe.trials))

    def rejected(
        self,
        candidate: Candidate,
        reason: Reason,
        detail: str,
        norms: dict[str, float | None] | None = None,
        saved_seconds: float = 0.0,
    ) -> Verdict:
        """Returns the verdict that a candidate ends here."""
        return Verdict(
            candidate=candidate.id,
            reason=reason,
            detail=detail,
            kept=(),
            stability_norms=norms or {},
            predicted_saved_seconds=saved_seconds,
            span=self.watch.span(),
        )

    def _saved(self, plan: Plan, candidate: Candidate, trials: Sequence[TrialResult]) -> float:
        """Predicted training seconds that a rejection saves, from this and the round's other probes so far."""
        paths = [f"{trial_path(plan.round, one.id)}/probe.json" for one in plan.candidates]
        probes = [probe for path in paths if (probe := read_record(self.store, path, TrainingRecord)) is not None]
        others = seconds_a_step(trial for probe in probes for trial in probe.trials)
        return predicted_saved_seconds(candidate, trials, plan.full_steps, others, continues=self.space.continues_probe)

    def _after_probe(self, trials: Sequence[TrialResult]) -> tuple[tuple[str, ...], Reason | None, str]:
        """Returns the variants that go on, or why none does."""
        rejection = self.search.rejection
        failing = [trial for trial in trials if not passes(trial, rejection, "probe")]
        passing = [trial for trial in trials if trial not in failing]
        if passing and (not failing or rejection.rule == "none"):
            finite = [trial for trial in trials if trial.status == "trained" and not is_non_finite(trial)]
            return tuple(trial.variant for trial in finite), None, ""
        first = failing[0]
        if is_non_finite(first):
            return (), "non_finite", f"{first.variant}: loss not finite at step {first.steps}"
        reached = f"{QUALITY_NAMES[self.task.data.learning_task]} {first.accuracy:.3f}"
        return (), "quality", f"{first.variant}: {reached} < {rejection.quality_threshold}"

    def _after_stability(
        self, kept: tuple[str, ...], norms: dict[str, float | None]
    ) -> tuple[tuple[str, ...], Reason | None, str]:
        rejection = self.search.rejection
        unstable = [name for name, norm in norms.items() if norm is None or norm > rejection.stability.threshold]
        stable = tuple(name for name in kept if name not in unstable)
        if not unstable or (stable and rejection.rule == "none"):
            return stable, None, ""
        norm = norms[unstable[0]]
        grew = "is not finite" if norm is None else f"{norm:.1e} > {rejection.stability.threshold:.0e}"
        return (), "stability", f"{unstable[0]}: worst gradient norm {grew}"

    def _largest_norms(self, plan: Plan, candidate: Candidate, kept: Sequence[str]) -> dict[str, float | None]:
        """Runs the stability test on kept variants, cheapest first; under `any` the first unstable one ends it."""
        settings = self.search.rejection.stability
        tested = [variant for variant in cheapest_first(candidate) if variant.name in kept]
        norms: dict[str, float | None] = {}
        for variant in tested[:1] if settings.networks == "cheapest" else tested:
            norms[variant.name] = worst = self._largest_norm(plan, candidate, variant)
            if self.search.rejection.rule == "any" and (worst is None or worst > settings.threshold):
                break
        return norms

    def _largest_norm(self, plan: Plan, candidate: Candidate, variant: Variant) -> float | None:
        """The largest norm over the checkpoints, None where one was not finite; an unstable checkpoint is the last."""
        settings = self.search.rejection.stability
        largest = 0.0
        for checkpoint in settings.checkpoints:
            for norm in self._ascent(plan, candidate, variant, checkpoint):
                if norm is None:
                    return None
                largest = max(largest, norm)
            if largest > settings.threshold:
                break
        return largest

    def _ascent(self, plan: Plan, candidate: Candidate, variant: Variant, checkpoint: str) -> list[float | None]:
        from components.training.runtime import prepare_tensorflow

        prepare_tensorflow()
        import keras

        from components.rejection_screening.stability import gradient_norm_ascent
        from components.training.checkpoint import load_weights
        from components.training.evaluation import release

        keras.utils.set_random_seed(weights_seed(variant_seed(self.search.seed, plan.round, candidate, variant)))
        model = self.build(candidate, variant)  # with the initial weights of its training
        if checkpoint == "probe":
            load_weights(model, self.store.read(weights_path(plan.round, candidate.id, "probe", variant.name)) or b"")
        x, y = self.rows("train", self.task.data.memory_limit_mib)
        settings = self.search.rejection.stability
        rng = np.random.default_rng([self.search.seed, STABILITY_ROWS])
        rows = np.sort(rng.choice(len(x), min(settings.batch_size, len(x)), replace=False))
        try:
            return gradient_norm_ascent(model, x[rows], y[rows], settings)
        finally:
            del model
            release()
