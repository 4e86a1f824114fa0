"""The whole page: well formed, self-contained, safe with hostile names, the same bytes twice, whole when empty."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from components.records.results import ScoredCandidate
from components.report import contents as c
from components.report import predictions as p
from components.report.page import render
from components.search_spaces.space import Box

SECTIONS = {
    "result": "Result",
    "winner": "Winner",
    "comparison": "Comparison with baselines",
    "ensemble": "Ensemble",
    "calibration": "Calibration and uncertainty",
    "uncertain": "Most uncertain test rows",
    "scaling": "Scaling",
    "progress": "Progress",
    "pareto": "Accuracy against latency",
    "rejections": "Rejections",
    "data": "Data",
    "seconds": "Seconds by stage",
    "failures": "Failures",
    "disk": "Kept on disk",
    "environment": "Environment",
    "candidates": "All candidates",
}
HOSTILE = "</title></svg><script>alert('x')</script><img src=\"http://evil\" onload=a&b\x00\ud800"


class Page(HTMLParser):
    """Parses a page, and holds its tags against each other; `text` is the text of each section by id."""

    def __init__(self, page: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.section = ""
        self.text: dict[str, str] = {}
        self.feed(page)
        self.close()
        assert self.open == [], "tags left open"

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.handle_startendtag(tag, attrs)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "section":
            self.section = dict(attrs)["id"]

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def handle_data(self, data):
        self.text[self.section] = self.text.get(self.section, "") + data + " "


def drawings(page: str) -> list[str]:
    """The source of every drawing of a page."""
    return re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)


def hostile_contents() -> c.Contents:
    """Contents in which every free text is hostile."""
    scored = ScoredCandidate(
        id=HOSTILE, round="rounds/00001", spec={}, reason=None, quality=0.9, latency_ms=1.0, reward=0.9
    )
    rejected = ScoredCandidate(id="b", round="rounds/00001", spec={}, reason="failed", detail=HOSTILE)
    histogram = p.Histogram(edges=(0.0, 1.0), right=(1,), wrong=(1,))
    row = p.UncertainRow(row=1, true=HOSTILE, predicted=HOSTILE, probability=0.5, entropy=0.7, mutual_information=0.1)
    return c.Contents(
        name=HOSTILE,
        status=HOSTILE,
        advice=(HOSTILE, f"`{HOSTILE}`"),
        candidates=(c.Tried(scored=scored, formula=HOSTILE, name=HOSTILE), c.Tried(scored=rejected)),
        proposed=2,
        screened={HOSTILE: 3},
        winner=c.Winner(id="w", formula=HOSTILE, drawing=(Box(HOSTILE, (), True),), network=HOSTILE),
        comparison=c.Comparison(
            networks=(HOSTILE,), steps=1, rows=(c.Compared(name=HOSTILE, role="baseline", note=HOSTILE),)
        ),
        scaling=c.ScalingGrid(network=HOSTILE, steps=1, points=(c.ScalingPoint(width=1, depth=1, note=HOSTILE),)),
        uncertainty=p.Uncertainty(mutual_information=histogram, entropy=histogram, rows=(row,)),
        seconds=(c.StageSeconds(stage=HOSTILE, steps=1, work=1.0),),
        bytes_kept={HOSTILE: 1},
        environment={HOSTILE: HOSTILE},
        failures=(c.Failure(where=HOSTILE, what=HOSTILE),),
    )


@pytest.fixture(params=["full", "empty", "no survivors", "hostile"])
def page(request, full, empty) -> str:
    """The page of a whole search, of none, of one without survivors and of one with hostile names."""
    rejected = tuple(tried for tried in full.candidates if tried.scored.reason)
    contents = {
        "full": full,
        "empty": empty,
        "no survivors": c.Contents(name="none", state="no_survivors", candidates=rejected, rounds=full.rounds),
        "hostile": hostile_contents(),
    }
    return render(contents[request.param])


def test_tags_are_balanced_and_every_section_has_a_heading_and_words(page):
    text = Page(page).text
    assert list(text)[1:] == list(SECTIONS)
    for section, title in SECTIONS.items():
        heading, _, words = text[section].partition(title)
        assert heading.strip() == ""
        assert len(words.split()) >= 3, f"section {section} says nothing"


def test_links_lead_to_the_sections_in_their_order(page):
    tags = Page(page).tags
    ids = [attributes["id"] for tag, attributes in tags if tag == "section"]
    assert [attributes["href"] for tag, attributes in tags if tag == "a"] == [f"#{id}" for id in ids]
    assert len(set(ids)) == len(ids)


def test_drawings_are_xml_with_a_title_each(page):
    for drawing in drawings(page):
        root = ElementTree.fromstring(drawing)
        assert root.tag == "svg" and root.get("role") == "img"
        assert root[0].tag == "title" and root[0].text


def test_nothing_outside_the_page_is_referred_to(page):
    loading = {"src", "srcset", "data", "xlink:href", "action", "poster"}
    for tag, attributes in Page(page).tags:
        assert tag not in {"script", "img", "link", "iframe", "object", "use", "image"}
        assert not loading & set(attributes)
        assert tag == "a" or "href" not in attributes
        assert not any(name.startswith("on") for name in attributes), "an event handler"
    style = re.search(r"<style>(.*?)</style>", page, flags=re.DOTALL).group(1)
    assert "@import" not in style and "url(" not in style and "http" not in style


def test_hostile_names_are_shown_and_not_obeyed():
    page = render(hostile_contents())
    assert "<script" not in page and "<img" not in page
    shown = HOSTILE.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")
    text = Page(page).text
    # Where a name is cut by backticks or followed by a mark, at least the name itself must be readable.
    for section in ("", "result", "winner", "comparison", "scaling", "uncertain", "rejections", "seconds", "disk",
                    "environment", "failures", "candidates"):  # fmt: skip
        assert shown in text[section], section
    page.encode("utf-8")


def test_same_contents_give_the_same_bytes_in_two_processes_with_different_hash_seeds(full):
    here = Path(__file__).parent
    program = (
        "import importlib.util, hashlib; from components.report.page import render; "
        f"spec = importlib.util.spec_from_file_location('made_up', {str(here / 'conftest.py')!r}); "
        "module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module); "
        "print(hashlib.sha256(render(module.finished()).encode()).hexdigest())"
    )
    root = here.parents[2]
    digests = [
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}, cwd=root,
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    ]  # fmt: skip
    assert digests[0] == digests[1] != ""
    assert render(full) == render(full)


def test_any_single_part_may_be_missing(full, empty):
    """A search that was interrupted anywhere has some parts and not others."""
    for field in full.__struct_fields__:
        if field not in {"name", "state"}:
            Page(render(msgspec.structs.replace(full, **{field: getattr(empty, field)})))
            Page(render(msgspec.structs.replace(empty, **{field: getattr(full, field)})))


def test_status_advice_and_state_are_shown():
    advice = ("lower `rejection.quality_threshold` to 0.15",)
    page = render(c.Contents(name="none", state="no_survivors", status="nothing survived", advice=advice))
    assert "nothing survived" in page
    assert "<li>lower <code>rejection.quality_threshold</code> to 0.15</li>" in page
    assert "There is no winner, since no candidate survived." in page
    assert "yet" not in Page(page).text["winner"]
    assert "There is no winner yet." in render(c.Contents(name="begun"))


def test_page_is_small_and_needs_no_plotting_library(full):
    assert len(render(full)) < 200_000
    program = "import sys, components.report.page; print('matplotlib' in sys.modules, 'tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True,
                          cwd=Path(__file__).parents[3])  # fmt: skip
    assert done.stdout.split() == ["False", "False"]


def test_thousands_of_candidates_stay_a_small_page(full):
    """10,000 candidates: dots without titles (about 20 bytes each), and a table of the best 200."""
    page = render(msgspec.structs.replace(full, candidates=full.candidates[:20] * 500))
    assert len(page) < 700_000
    assert "The best 200 of 10,000 candidates" in page
