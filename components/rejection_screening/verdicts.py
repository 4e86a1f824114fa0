"""The verdict of a candidate, from its predicted size, its probe, its profile and the stability test."""

from collections.abc import Sequence

import numpy as np

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
from components.rounds.judgement import Judgement, judged_by_probe, judged_by_profile
from components.rounds.rejection_rules import cheapest_first
from components.rounds.variants import variant_seed
from components.training.seeds import weights_seed

UNJUDGED = ("failed", "time_up")  # no rule ended these, so nothing was saved by it
STABILITY_ROWS = 7  # purpose of the draw, part of its seed: the same rows for every candidate


class Screen(SearchContext):
    """Judges candidates one after the other in one process; TensorFlow is loaded for the first one that needs it."""

    def __init__(self, store: Store):
        super().__init__(store)
        self.watch = Stopwatch()

    def verdict(self, plan: Plan, candidate: Candidate) -> Verdict:
        """Returns whether a candidate goes on, from the cheapest test to the dearest."""
        probe = require_record(self.store, f"{trial_path(plan.round, candidate.id)}/probe.json", TrainingRecord)
        judged = judged_by_probe(candidate, probe, self.search)
        if judged.reason is None:
            judged = judged_by_profile(self.store, plan, candidate, judged.kept, self.search)
        norms: dict[str, float | None] = {}
        # A model is all that the test looks at: an optimizer can't fail it.
        if judged.reason is None and self.search.rejection.stability.enabled and not self.space.brings_optimizer:
            norms = self._largest_norms(plan, candidate, judged.kept)
            judged = self._after_stability(judged.kept, norms)
        if judged.reason is None:
            kept = judged.kept
            return Verdict(
                candidate=candidate.id, reason=None, detail="", kept=kept, stability_norms=norms, span=self.watch.span()
            )
        saved = 0.0 if judged.reason in UNJUDGED else self._saved(plan, candidate, probe.trials)
        return self.rejected(candidate, judged.reason, judged.detail, norms, saved)

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

    def _after_stability(self, kept: tuple[str, ...], norms: dict[str, float | None]) -> Judgement:
        rejection = self.search.rejection
        unstable = [name for name, norm in norms.items() if norm is None or norm > rejection.stability.threshold]
        stable = tuple(name for name in kept if name not in unstable)
        if not unstable or (stable and rejection.rule == "none"):
            return Judgement(stable)
        norm = norms[unstable[0]]
        grew = "is not finite" if norm is None else f"{norm:.1e} > {rejection.stability.threshold:.0e}"
        return Judgement((), "stability", f"{unstable[0]}: worst gradient norm {grew}")

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
