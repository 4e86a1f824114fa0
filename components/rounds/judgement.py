"""What ends a candidate before its full training, told from its records: size, the probe, a measured latency."""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from components.records.data_section import QUALITY_NAMES
from components.records.layout import trial_path
from components.records.results import Candidate, Kind, Plan, Profile, Reason, TrainingRecord, TrialResult
from components.records.search import Rejection, Search
from components.records.store import Store, require_record
from components.records.tasks import has_target
from components.rounds.profiles import judging_profile
from components.rounds.rejection_rules import is_non_finite, over_limit, passes
from components.rounds.sharing import shares_weights
from components.rounds.variants import at_places_of, best_trials, timed_variants
from components.search_spaces.registry import SPACES

# Rounds in which a profile may end a candidate before it is trained.
PROFILE_DECIDES: tuple[Kind, ...] = ("search", "rerank", "grid")


class Judgement(NamedTuple):
    """Whether a candidate goes on.

    Fields:
        kept: names of the variants that go on; empty where none does.
        reason: why none does; None where some do.
        detail: the same for people, with the numbers.
    """

    kept: tuple[str, ...]
    reason: Reason | None = None
    detail: str = ""


Judge = Callable[[Plan, Candidate], Judgement]


def judged_by_probe(candidate: Candidate, probe: TrainingRecord, search: Search) -> Judgement:
    """Returns what a candidate's predicted size and its probe in a search round say.

    Args:
        candidate: with predicted costs.
        probe: its record.
        search: with the limits and the rule.
    """
    size = over_limit(candidate, search.rejection.size, search.scoring)
    if size:
        return Judgement((), "size", size)
    if probe.failed:
        return Judgement((), "failed", probe.failed)
    if any(trial.status == "time_up" for trial in probe.trials):
        return Judgement((), "time_up", "the budget's time was up during the probe")
    quality_name = QUALITY_NAMES[search.data.learning_task]
    return _judged_by_trials(best_trials(candidate, probe.trials), search.rejection, quality_name)


def probe_judgements(store: Store, search: Search) -> Judge:
    """Returns the function that says what their probe says of candidates of search rounds; see `judged_by_probe`.

    Their records must be there, and are read once.
    """

    def judge(plan: Plan, candidate: Candidate) -> Judgement:
        probe = require_record(store, f"{trial_path(plan.round, candidate.id)}/probe.json", TrainingRecord)
        return judged_by_probe(candidate, probe, search)

    return _asked_once(judge)


def profile_judgements(store: Store, search: Search) -> Judge:
    """Returns the function that says what their profile says of candidates without a probe; see `judged_by_profile`.

    Their records must be there, and are read once.
    """

    def judge(plan: Plan, candidate: Candidate) -> Judgement:
        return judged_by_profile(store, plan, candidate, [one.name for one in candidate.variants], search)

    return _asked_once(judge)


def judged_by_profile(
    store: Store, plan: Plan, candidate: Candidate, names: Collection[str], search: Search
) -> Judgement:
    """Returns what a candidate's profile says on the device that scoring names.

    Where there is none, and no limit that needs one, all go on. So they do where the profile decides nothing: the
    winner was profiled as a point of the grid, and a member of the ensemble is the winner.

    Args:
        store: the search's.
        plan: of the round.
        candidate: one of the round.
        names: of the variants that went on so far.
        search: with the limit on the measured latency.

    Raises:
        FileNotFoundError: there is a limit, and nothing was measured.
    """
    if plan.kind not in PROFILE_DECIDES:
        return Judgement(tuple(names))
    limit = search.rejection.measured_latency_ms if is_limited(plan.kind, candidate, search) else None
    profile = judging_profile(store, plan.round, candidate, timed_variants(candidate, names), search.scoring)
    if profile is not None and profile.failed:
        return Judgement((), "failed", profile.failed)
    if profile is not None and profile.time_up:
        return Judgement((), "time_up", "the budget's time was up before it was timed")
    over = _over(profile, at_places_of(candidate, names), limit) if profile is not None and limit else None
    if profile is None and limit:
        raise FileNotFoundError(f"`{store.uri}` must hold the profile of {candidate.id} in {plan.round}, to judge it.")
    return Judgement((), "latency", over) if over else Judgement(tuple(names))


def _asked_once(judge: Judge) -> Judge:
    """The same function, which keeps what it said of each candidate of a round."""
    said: dict[tuple[str, str], Judgement] = {}

    def asked(plan: Plan, candidate: Candidate) -> Judgement:
        key = (plan.round, candidate.id)
        if key not in said:
            said[key] = judge(plan, candidate)
        return said[key]

    return asked


def is_limited(kind: Kind, candidate: Candidate, search: Search) -> bool:
    """Whether the limit on measured latency holds for a candidate of a round of this kind.

    It does for designs as they are searched, and where designs aren't scaled, for those that re-ranking times for the
    first time: new ones of the controller, those that were judged with shared weights, and all on a target's own task.
    """
    if kind != "rerank":
        return kind == "search"
    timed_before = candidate.origin == "winner" and not shares_weights(search) and not has_target(search)
    return candidate.role == "searched" and not SPACES[search.space.name].scales and not timed_before


def _over(profile: Profile, names: Collection[str], limit: float) -> str | None:
    """How the slowest of some variants exceeds a limit in ms, None where none does."""
    timed = [(one.latency_ms, one.variant) for one in profile.variants if one.variant in names and one.latency_ms]
    latency, variant = max(timed, default=(0.0, ""))
    return f"{variant}: measured {latency:.4g} ms > {limit:.4g} ms" if latency > limit else None


def _judged_by_trials(trials: Sequence[TrialResult], rejection: Rejection, quality_name: str) -> Judgement:
    failing = [trial for trial in trials if not passes(trial, rejection, "probe")]
    passing = [trial for trial in trials if trial not in failing]
    if passing and (not failing or rejection.rule == "none"):
        finite = [trial for trial in trials if trial.status == "trained" and not is_non_finite(trial)]
        return Judgement(tuple(trial.variant for trial in finite))
    first = failing[0]
    if is_non_finite(first):
        return Judgement((), "non_finite", f"{first.variant}: loss not finite at step {first.steps}")
    reached = f"{quality_name} {first.accuracy:.3f}"
    return Judgement((), "quality", f"{first.variant}: {reached} < {rejection.quality_threshold}")
