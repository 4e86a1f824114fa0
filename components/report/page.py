"""The report's page: contents in, one HTML document out, the same bytes for the same contents."""

from components.report.contents import Contents
from components.report.markup import Markup, tag
from components.report.prediction_sections import calibration_section, ensemble_section, uncertain_section
from components.report.run_sections import disk_section, environment_section, failures_section, seconds_section
from components.report.search_sections import candidates_section, pareto_section, progress_section, rejection_section
from components.report.sections import drawn
from components.report.stylesheet import STYLE
from components.report.summary_section import data_section, result_section
from components.report.winner_sections import comparison_section, scaling_section, winner_section

SECTIONS = (
    result_section,
    winner_section,
    comparison_section,
    ensemble_section,
    calibration_section,
    uncertain_section,
    scaling_section,
    progress_section,
    pareto_section,
    rejection_section,
    data_section,
    seconds_section,
    failures_section,
    disk_section,
    environment_section,
    candidates_section,
)
STATES = {"running": "running", "finished": "finished", "no_survivors": "no survivors", "failed": "failed"}


def render(contents: Contents) -> str:
    """The report as an HTML document that refers to nothing outside itself."""
    sections = [section(contents) for section in SECTIONS]
    links = [tag("a", section.title, href=f"#{section.id}") for section in sections]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{contents.name} – search report"),
        tag("style", Markup(STYLE)),
    )
    badge = tag("span", STATES[contents.state], class_=f"state {contents.state}")
    header = tag("header", tag("h1", contents.name), tag("p", badge, " ", contents.status, class_="status"))
    body = tag("body", header, tag("nav", *links, aria_label="Sections"), tag("main", *map(drawn, sections)))
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"
