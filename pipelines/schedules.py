"""Recurring runs of a search: when they start, one at a time, and without making up for what was missed."""

import re
from typing import NamedTuple

import kfp
from kfp_server_api import V2beta1RecurringRun

from components.continue_as_new.runs import listed, once, parameters_of, uri_digest
from pipelines.kubeflow_client import experiment_id
from pipelines.submissions import Submitted, Target

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


class Field(NamedTuple):
    """A field of a cron expression: its name, its range, and names that stand for values from the least on."""

    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()


# Source: robfig/cron with a field for seconds, which Kubeflow's controller of recurring runs reads.
FIELDS = (
    Field("seconds", 0, 59),
    Field("minutes", 0, 59),
    Field("hours", 0, 23),
    Field("day of the month", 1, 31),
    Field("month", 1, 12, MONTHS),
    Field("day of the week", 0, 6, DAYS),
)
PART = re.compile(r"(?:[*?]|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?", re.ASCII)


class AnotherSchedule(RuntimeError):
    """The search has a schedule already, and it differs."""


def check_cron(expression: str) -> str:
    """Returns a cron expression of six fields with single blanks between them.

    Raises:
        ValueError: naming the field that is wrong.
    """
    texts = expression.split()
    if len(texts) != len(FIELDS):
        hint = f" With seconds in front: `0 {' '.join(texts)}`." if len(texts) == len(FIELDS) - 1 else ""
        raise ValueError(
            f"`--cron` must have 6 fields: {', '.join(field.name for field in FIELDS)}. Received: {len(texts)} in "
            f"{expression!r}.{hint}"
        )
    for text, field in zip(texts, FIELDS):
        if not all(_is_part(part, field) for part in text.split(",")):
            words = f" or {field.words[0]} to {field.words[-1]}" if field.words else ""
            raise ValueError(
                f"`--cron` must have numbers in [{field.least}, {field.most}]{words}, `*`, ranges `a-b` or steps `/n` "
                f"as its {field.name}. Received: {text!r}."
            )
    return " ".join(texts)


def _is_part(part: str, field: Field) -> bool:
    """Whether one of a field's comma-separated parts is right."""
    found = PART.fullmatch(part)
    if found is None or (found["step"] and not 1 <= int(found["step"]) <= field.most):
        return False
    values = [_value(text, field) for text in (found["first"], found["last"]) if text is not None]
    return all(field.least <= value <= field.most for value in values) and values == sorted(values)


def _value(text: str, field: Field) -> int:
    """The value of a number or a word; -1, which no field takes, where it is neither."""
    if text.isdigit():
        return int(text)
    return field.words.index(text.upper()) + field.least if text.upper() in field.words else -1


def schedule_name(target: Target) -> str:
    """Names a recurring run, and with it its runs; one search directory has one."""
    return f"{target.search.name}: {target.search.space.name} on schedule [{uri_digest(target.uri)}]"


def schedule(client: kfp.Client, target: Target, cron: str, replace: bool = False) -> Submitted:
    """Makes the recurring run of a search unless the very same is there.

    Each of its runs goes on with the search where it stands, so an interrupted search is resumed and a finished one is
    left alone. Where the URI holds `[[ScheduledTime]]`, each run is a search of its own.

    Args:
        client: of the installation.
        target: what to run.
        cron: six fields, seconds first, in the cluster's time zone.
        replace: whether another schedule of this search gives way; it is deleted after the new one is made.

    Raises:
        ValueError: where the cron expression is wrong.
        AnotherSchedule: where the search has a schedule that differs and stays.
        KubeflowError: where Kubeflow doesn't answer or refuses.
    """
    cron = check_cron(cron)
    experiment = experiment_id(client, target.search.name)
    name = schedule_name(target)

    def same() -> V2beta1RecurringRun | None:
        jobs = _recurring_runs(client, experiment, name)
        return next((job for job in jobs if _is_wanted(job, target, cron)), None)

    others = [job for job in _recurring_runs(client, experiment, name) if not _is_wanted(job, target, cron)]
    if others and not replace:
        raise AnotherSchedule(
            f"{target.search.name} has another schedule for {target.uri}: {_when(others[0])}, or disabled, or with "
            "another pipeline version or description. Nothing was changed; --replace puts this one in its place."
        )
    made, was_there = once(
        same,
        lambda: client.create_recurring_run(
            experiment,
            name,
            description=f"Goes on with the search in {target.uri} where it stands.",
            cron_expression=cron,
            max_concurrency=1,
            no_catchup=True,
            params=target.parameters,
            pipeline_id=target.version.pipeline_id,
            version_id=target.version.version_id,
            pipeline_root=target.pipeline_root,
            service_account=target.service_account,
        ),
    )
    for job in others:
        client.delete_recurring_run(job.recurring_run_id)
    return Submitted(made.recurring_run_id, name, was_there)


def _recurring_runs(client: kfp.Client, experiment: str, name: str) -> list[V2beta1RecurringRun]:
    jobs = listed(client.list_recurring_runs, "recurring_runs", experiment_id=experiment)
    return [job for job in jobs if job.display_name == name]


def _is_wanted(job: V2beta1RecurringRun, target: Target, cron: str) -> bool:
    """Whether a recurring run does what is wanted; what was left to Kubeflow is as Kubeflow filled it in."""
    version = job.pipeline_version_reference
    return (
        _when(job) == cron
        and job.status != "DISABLED"
        and version is not None
        and version.pipeline_version_id == target.version.version_id
        and parameters_of(job) == target.parameters
        and target.service_account in (None, job.service_account)
    )


def _when(job: V2beta1RecurringRun) -> str:
    at = job.trigger and job.trigger.cron_schedule
    return at.cron if at else "at an interval"
