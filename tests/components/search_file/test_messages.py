"""Messages: the rule in words, the nearest name, all problems of a step at once."""

import pytest

from components.search_file.validate import InvalidSearch, read_search

START = "name: digits\ndata: {source: 'sklearn:digits'}\nspace: {name: norm_act_layer}\n"


def message(text):
    with pytest.raises(InvalidSearch) as caught:
        read_search(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("budget: {candidates: 0}", "`$.budget.candidates` must be an integer in [1, 100000000]. Received: 0."),
        (
            "data: {}",
            "`$.data.source` must be there: `sklearn:NAME`, `tfds:NAME`, `csv:PATH`, `parquet:PATH` or `images:FOLDER`",
        ),
        (
            "budget: {hour: 1}",
            "`$.budget.hour` must be a field of `$.budget` (did you mean `hours`?). Received: hour: 1.",
        ),
        ("budget: {zzz: 1}", "a field of `$.budget` (candidates, hours, finishing_hours, fitness)."),
        ("rejection: {rule: all}", '`$.rejection.rule` must be `any` or `none`. Received: "all".'),
        ("scoring: {latency_target_ms: -1}", "must be null or a number in (0, 1e+18]. Received: -1."),
        ("scoring: {latency: estimated, device: hots}", 'must be a device (did you mean `host`?). Received: "hots".'),
        ("final_scaling: {depths: 1}", "must be null or a list of 1 to 16, each a number in [0.1, 16]. Received: 1."),
        ("training: {full_steps: 99}", "`$.training.full_steps` must be >= `$.training.probe_steps` = 100"),
        ("controller: {name: evolutoin}", "must be a known controller (did you mean `evolution`?)."),
    ],
)
def test_message_states_the_rule_in_words(text, expected):
    start = START if not text.startswith("data") else START.replace("data: {source: 'sklearn:digits'}\n", "")
    assert expected in message(start + text)


def test_all_wrong_fields_are_named_at_once_in_the_order_of_the_sections():
    said = message(
        START + "ensemble: {members: 0}\ntraining: {momentum: 2, schedule: step}\ncolour: red\n"
    ).splitlines()
    assert [line.split("`")[1] for line in said] == [
        "$.colour",
        "$.training.momentum",
        "$.training.schedule",
        "$.ensemble.members",
    ]


def test_all_contradictions_are_named_at_once():
    said = message(START + "ensemble: {members: 9}\ntraining: {full_steps: 1}\n")
    assert "$.ensemble.members" in said and "$.training.full_steps" in said


def test_a_long_value_is_cut():
    said = message(START + f"seed: {'x' * 5000}\n")
    assert len(said) < 200 and said.endswith("....")


def test_syntax_error_shows_line_column_and_text_of_the_line():
    said = message("name: digits\ndata: [1, 2\nspace: x\n")
    assert "line 3" in said and "space: x" in said
