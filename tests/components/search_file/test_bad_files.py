"""Every bad file is refused with the path of what is wrong and with what stands there."""

import pytest

from components.search_file.validate import InvalidSearch, read_search

GOOD = {
    "name": "name: digits",
    "data": "data: {source: 'sklearn:digits'}",
    "space": "space: {name: norm_act_layer}",
}


def bad(text, **replaced):
    """A good file in which some top-level entries are replaced or dropped (None), followed by `text`."""
    lines = [line for line in {**GOOD, **replaced}.values() if line is not None]
    return "\n".join([*lines, text, ""])


def rules_in(networks):
    """A space whose networks can be chosen among those of all kinds of rows."""
    return f"{{name: update_rule, settings: {{networks: [{networks}]}}}}"


# (id, file, path of the problem, fragment of what was received)
BAD_FILES = [
    # the text
    ("empty", "", "$", "null"),
    ("comment_only", "# nothing\n", "$", "null"),
    ("list", "- name: digits\n", "$", '[{"name": "digits"}]'),
    ("scalar", "digits\n", "$", '"digits"'),
    ("unclosed_brace", bad("rounds: {candidates_per_round: 8"), "line 5, column 1", ""),
    ("unclosed_quote", bad("budget: {hours: '1}"), "line 5, column 1", ""),
    ("wrong_indent", "name: digits\n  seed: 1\n", "line 2, column 7", "seed: 1"),
    ("tab_indent", "name: digits\ndata:\n\tsource: x\n", "line 3, column 1", "source: x"),
    ("duplicate_key", bad("budget:\n  candidates: 8\n  candidates: 9"), "$.budget.candidates", "again in line 6"),
    ("duplicate_section", bad("name: other"), "$.name", "again in line 4"),
    ("anchor", bad("rounds: &r {candidates_per_round: 8}"), "line 4, column 9", "r"),
    ("alias", bad("rounds: *r"), "line 4, column 9", "r"),
    (
        "python_tag",
        bad("seed: !!python/object/apply:os.getpid []"),
        "line 4, column 7",
        "python/object/apply:os.getpid",
    ),
    ("standard_tag", bad("seed: !!int '7'"), "line 4, column 7", "int"),
    ("two_documents", bad("---\nname: other"), "line 4, column 1", "---"),
    ("deep", bad("seed: " + "[" * 200 + "]" * 200), "line 4, column 22", "one more"),
    ("number_as_key", bad("7: seven"), "$, line 4", "the key 7"),
    ("list_as_key", bad("? [a]\n: b"), "$, line 4", 'the key ["a"]'),
    ("control_character", bad("seed: \x07"), "line 4, column 7", "0x7"),
    ("huge", bad("# " + "x" * 70_000), "$", "characters"),
    # an optimizer has no latency of its own, and the default counts the measured one
    ("latency_of_a_rule", bad("", space=f"space: {rules_in('convnet')}"), "$.scoring.latency_weight", "-0.07"),
    # fields that are unknown or missing
    ("unknown_field", bad("budgett: 3"), "$.budgett", "budgett: 3"),
    ("unknown_nested", bad("budget: {candidate: 3}"), "$.budget.candidate", "candidate: 3"),
    ("merge_key", bad("<<: {seed: 3}"), "$.<<", '<<: {"seed": 3}'),
    ("no_name", bad("", name=None), "$.name", "no such field"),
    ("no_data", bad("", data=None), "$.data", "no such field"),
    ("no_source", bad("", data="data: {}"), "$.data.source", "no such field"),
    ("no_space_name", bad("", space="space: {settings: {}}"), "$.space.name", "no such field"),
    # types and ranges
    ("null_section", bad("budget:"), "$.budget", "null"),
    ("text_for_section", bad("budget: large"), "$.budget", '"large"'),
    ("list_for_section", bad("", data="data: [sklearn:digits]"), "$.data", '["sklearn:digits"]'),
    ("upper_case_name", bad("", name="name: Digits"), "$.name", '"Digits"'),
    ("name_ends_in_newline", bad("", name='name: "digits\\n"'), "$.name", '"digits\\n"'),
    ("number_for_name", bad("", name="name: 7"), "$.name", "7"),
    ("unknown_source", bad("", data="data: {source: 'http://x'}"), "$.data.source", '"http://x"'),
    ("empty_source", bad("", data="data: {source: 'csv:'}"), "$.data.source", '"csv:"'),
    ("csv_of_a_folder", bad("", data="data: {source: 'csv:gs://b/c/', label: y}"), "$.data.source", '"csv:gs://b/c/"'),
    ("unknown_scheme", bad("", data="data: {source: 'csv:ftp://b/c', label: y}"), "$.data.source", '"csv:ftp://b/c"'),
    (
        "target_in_no_bucket",
        bad("final_scaling: {target: {data: {source: 'images:s3:///x', image_size: [8, 8]}}}"),
        "$.final_scaling.target.data.source",
        '"images:s3:///x"',
    ),
    ("zero_candidates", bad("budget: {candidates: 0}"), "$.budget.candidates", "0"),
    ("fraction_of_a_step", bad("training: {probe_steps: 10.5}"), "$.training.probe_steps", "10.5"),
    ("quoted_number", bad("training: {probe_steps: '10'}"), "$.training.probe_steps", '"10"'),
    ("octal_number", bad("training: {probe_steps: 0100}"), "$.training.probe_steps", '"0100"'),
    ("underscored_number", bad("training: {full_steps: 1_000}"), "$.training.full_steps", '"1_000"'),
    ("sexagesimal_number", bad("budget: {hours: 1:30}"), "$.budget.hours", '"1:30"'),
    ("date_for_number", bad("seed: 2024-01-01"), "$.seed", '"2024-01-01"'),
    ("endless_integer", bad("seed: " + "9" * 5000), "$.seed", "Infinity"),
    ("seed_beyond_31_bits", bad("seed: 2147483648"), "$.seed", "2147483648"),
    ("negative_seed", bad("seed: -1"), "$.seed", "-1"),
    ("yes_for_bool", bad("seed_known: yes"), "$.seed_known", '"yes"'),
    ("number_for_bool", bad("rejection: {stability: {enabled: 1}}"), "$.rejection.stability.enabled", "1"),
    ("bool_for_number", bad("budget: {hours: true}"), "$.budget.hours", "true"),
    ("nan", bad("training: {learning_rate: .nan}"), "$.training.learning_rate", "NaN"),
    ("infinity", bad("budget: {hours: .inf}"), "$.budget.hours", "Infinity"),
    ("overflow", bad("budget: {hours: 1e999}"), "$.budget.hours", "Infinity"),
    (
        "nan_in_settings",
        bad("", space="space: {name: norm_act_layer, settings: {x: [.nan]}}"),
        "$.space.settings.x[0]",
        "NaN",
    ),
    ("momentum_of_one", bad("training: {momentum: 1}"), "$.training.momentum", "1"),
    ("unknown_schedule", bad("training: {schedule: step}"), "$.training.schedule", '"step"'),
    ("positive_latency_weight", bad("scoring: {latency_weight: 0.07}"), "$.scoring.latency_weight", "0.07"),
    ("no_widths", bad("final_scaling: {widths: []}"), "$.final_scaling.widths", "[]"),
    ("width_too_large", bad("final_scaling: {widths: [1, 99]}"), "$.final_scaling.widths[1]", "99"),
    ("image_size_of_one", bad("", data="data: {source: 'tfds:x', image_size: [32]}"), "$.data.image_size", "[32]"),
    ("settings_are_a_list", bad("", space="space: {name: norm_act_layer, settings: []}"), "$.space.settings", "[]"),
    # rules between fields
    (
        "no_training_rows",
        bad("", data="data: {source: 'sklearn:digits', validation: 0.5, test: 0.5}"),
        "$.data.test",
        "0.5",
    ),
    ("csv_without_label", bad("", data="data: {source: 'csv:a.csv'}"), "$.data.label", "null"),
    ("parquet_without_label", bad("", data="data: {source: 'parquet:a'}"), "$.data.label", "null"),
    (
        "parquet_with_image_size",
        bad("", data="data: {source: 'parquet:a', label: y, image_size: [8, 8]}"),
        "$.data.image_size",
        "[8, 8]",
    ),
    (
        "parquet_texts",
        bad("", data="data: {source: 'parquet:a', label: y, text: {column: x}}"),
        "$.data.text",
        "mapping",
    ),
    (
        "images_as_numbers_to_predict",
        bad("", data="data: {source: 'images:a', image_size: [8, 8], task: regression}"),
        "$.data.task",
        '"regression"',
    ),
    (
        "classes_as_numbers_to_predict",
        bad("", data="data: {source: 'sklearn:digits', task: regression}"),
        "$.data.task",
        '"regression"',
    ),
    (
        "numbers_to_predict_as_classes",
        bad("", data="data: {source: 'sklearn:diabetes', task: classification}", space=f"space: {rules_in('mlp')}"),
        "$.data.task",
        '"classification"',
    ),
    ("image_networks_on_parquet", bad("", data="data: {source: 'parquet:a', label: y}"), "$.data.source", "tables"),
    (
        "target_of_another_task",
        bad(
            "final_scaling: {target: {data: {source: 'csv:a', label: y, task: regression}}}",
            data="data: {source: 'csv:a', label: y}",
            space=f"space: {rules_in('mlp')}",
        ),
        "$.final_scaling.target.data.task",
        '"regression"',
    ),
    ("label_without_csv", bad("", data="data: {source: 'tfds:mnist', label: y}"), "$.data.label", '"y"'),
    ("images_without_size", bad("", data="data: {source: 'images:a'}"), "$.data.image_size", "null"),
    (
        "csv_with_image_size",
        bad("", data="data: {source: 'csv:a.csv', label: y, image_size: [8, 8]}"),
        "$.data.image_size",
        "[8, 8]",
    ),
    (
        "wider_than_its_design",
        bad("controller: {name: random}\nfinal_scaling: {widths: [1, 1.5]}", space="space: {name: tabular_mlp}"),
        "$.final_scaling.widths",
        "[1.0, 1.5]",
    ),
    (
        "deeper_than_its_design",
        bad("controller: {name: random}\nfinal_scaling: {depths: [2]}", space="space: {name: tabular_mlp}"),
        "$.final_scaling.depths",
        "[2.0]",
    ),
    (
        "width_of_a_layer_twice",
        bad("", space="space: {name: tabular_mlp, settings: {widths: [8, 16, 8]}}"),
        "$.space.settings.widths",
        "widths=[8, 16, 8]",
    ),
    (
        "width_of_none",
        bad("", space="space: {name: tabular_mlp, settings: {widths: [[8], [4, 0], [2]]}}"),
        "$.space.settings.widths[1][1]",
        "0",
    ),
    (
        "texts_in_a_table_network",
        bad("", space="space: {name: tabular_mlp}", data="data: {source: 'tfds:imdb', text: {vocabulary: 9}}"),
        "$.data.source",
        "texts",
    ),
    (
        "measured_limit_of_an_estimate",
        bad("scoring: {latency: estimated, device: l4}\nrejection: {measured_latency_ms: 2.5}"),
        "$.rejection.measured_latency_ms",
        "2.5",
    ),
    (
        "left_out_columns_of_images",
        bad("", data="data: {source: 'sklearn:digits', leave_out: [id]}"),
        "$.data.leave_out",
        '["id"]',
    ),
    (
        "label_left_out",
        bad("", space="space: {name: tabular_mlp}", data="data: {source: 'csv:x', label: y, leave_out: [y]}"),
        "$.data.leave_out",
        '["y"]',
    ),
    (
        "measured_limit_where_all_networks_are_the_same",
        bad("rejection: {measured_latency_ms: 2.5}", space="space: {name: update_rule}"),
        "$.rejection.measured_latency_ms",
        "2.5",
    ),
    ("full_below_probe", bad("training: {probe_steps: 400}"), "$.training.full_steps", "300"),
    ("warmup_of_all_steps", bad("training: {warmup_steps: 300}"), "$.training.warmup_steps", "300"),
    (
        "warmup_of_the_grid",
        bad("training: {warmup_steps: 50}\nfinal_scaling: {grid_steps: 50}"),
        "$.training.warmup_steps",
        "50",
    ),
    ("empty_shards", bad("rounds: {candidates_per_round: 1}"), "$.rounds.shards_per_round", "2"),
    ("too_many_shards", bad("rounds: {shards_per_round: 4}"), "$.rounds.shards_per_round", "4"),
    (
        "efficiency_of_an_estimate",
        bad("scoring: {latency: estimated, efficiency_weight: 0.1}"),
        "$.scoring.efficiency_weight",
        "0.1",
    ),
    (
        "limited_latency_of_the_host",
        bad("rejection: {size: {latency_ms: 2}}"),
        "$.rejection.size.latency_ms",
        "2.0",
    ),
    (
        "latency_of_layers_where_there_are_none",
        bad("rejection: {size: {layers_latency_ms: 2}}"),
        "$.rejection.size.layers_latency_ms",
        "2.0",
    ),
    (
        "reward_that_raises_with_cost",
        bad("controller: {name: factorized, settings: {reward: absolute, weight: 0.1}}"),
        "$.controller.settings.weight",
        "0.1",
    ),
    ("rerank_above_budget", bad("budget: {candidates: 2}"), "$.final_scaling.rerank", "3"),
    ("width_twice", bad("final_scaling: {widths: [1, 1.0]}"), "$.final_scaling.widths", "[1.0, 1.0]"),
    ("depth_twice", bad("final_scaling: {depths: [2, 1, 2]}"), "$.final_scaling.depths", "[2.0, 1.0, 2.0]"),
    ("baseline_twice", bad("final_scaling: {baselines: [BN-ReLU, BN-ReLU]}"), "$.final_scaling.baselines", "BN-ReLU"),
    ("members_above_initialisations", bad("ensemble: {members: 5}"), "$.ensemble.members", "5"),
    # the space, the controller, the device, the source
    ("unknown_bundled_data", bad("", data="data: {source: 'sklearn:digit'}"), "$.data.source", '"sklearn:digit"'),
    ("unknown_device", bad("scoring: {device: tpu_v99}"), "$.scoring.device", '"tpu_v99"'),
    ("unknown_space", bad("", space="space: {name: norm_act_layers}"), "$.space.name", '"norm_act_layers"'),
    (
        "unknown_space_setting",
        bad("", space="space: {name: norm_act_layer, settings: {colour: red}}"),
        "$.space.settings.colour",
        'colour: "red"',
    ),
    (
        "space_settings_contradict_each_other",
        bad("", space="space: {name: norm_act_layer, settings: {nodes: 3, min_active_ops: 9}}"),
        "$.space.settings.min_active_ops",
        "min_active_ops=9",
    ),
    (
        "network_outside_the_settings",
        bad(
            "final_scaling: {network: efficientnet}",
            space="space: {name: norm_act_layer, settings: {networks: [mobilenet_v2]}}",
        ),
        "$.final_scaling.network",
        '"efficientnet"',
    ),
    ("image_networks_on_csv", bad("", data="data: {source: 'csv:a.csv', label: y}"), "$.data.source", "tables"),
    ("image_networks_on_table", bad("", data="data: {source: 'sklearn:iris'}"), "$.data.source", "tables"),
    ("image_networks_on_texts", bad("", data="data: {source: 'tfds:x', text: {}}"), "$.data.source", "texts"),
    ("texts_of_images", bad("", data="data: {source: 'images:a', image_size: [8, 8], text: {}}"), "$.data.text", "map"),
    ("texts_of_a_bundled_set", bad("", data="data: {source: 'sklearn:digits', text: {}}"), "$.data.text", "mapping"),
    ("text_of_no_column", bad("", data="data: {source: 'csv:a', label: y, text: {}}"), "$.data.text.column", "null"),
    (
        "text_is_the_label",
        bad("", data="data: {source: 'csv:a', label: y, text: {column: y}}"),
        "$.data.text.column",
        '"y"',
    ),
    (
        "text_with_image_size",
        bad("", data="data: {source: 'tfds:a', image_size: [8, 8], text: {}}"),
        "$.data.image_size",
        "[8, 8]",
    ),
    ("text_of_no_length", bad("", data="data: {source: 'tfds:a', text: {length: 0}}"), "$.data.text.length", "0"),
    ("no_vocabulary", bad("", data="data: {source: 'tfds:a', text: {vocabulary: 0}}"), "$.data.text.vocabulary", "0"),
    ("unknown_text_field", bad("", data="data: {source: 'tfds:a', text: {words: 9}}"), "$.data.text.words", "words: 9"),
    (
        "one_network_of_two_takes_tables",
        bad("", data="data: {source: 'sklearn:wine'}", space=f"space: {rules_in('mlp, convnet')}"),
        "$.data.source",
        '"sklearn:wine", tables',
    ),
    ("text_network_on_images", bad("", space=f"space: {rules_in('text_rnn')}"), "$.data.source", "images"),
    (
        "text_network_on_numbers_of_tfds",
        bad("", data="data: {source: 'tfds:x'}", space=f"space: {rules_in('text_rnn')}"),
        "$.data.source",
        "images or tables",
    ),
    (
        "shift_of_a_table",
        bad("training: {shift_pixels: 1}", data="data: {source: 'sklearn:wine'}", space=f"space: {rules_in('mlp')}"),
        "$.training.shift_pixels",
        "1",
    ),
    ("text_is_a_name", bad("", data="data: {source: 'tfds:a', text: review}"), "$.data.text", '"review"'),
    (
        "target_without_source",
        bad("final_scaling: {target: {data: {}}}"),
        "$.final_scaling.target.data.source",
        "no such",
    ),
    (
        "target_of_an_unknown_set",
        bad("final_scaling: {target: {data: {source: 'sklearn:digit'}}}"),
        "$.final_scaling.target.data.source",
        "sklearn:digit",
    ),
    (
        "target_of_tables_for_image_networks",
        bad("final_scaling: {target: {data: {source: 'sklearn:wine'}}}"),
        "$.final_scaling.target.data.source",
        "tables",
    ),
    (
        "target_images_without_a_size",
        bad("final_scaling: {target: {data: {source: 'images:/x'}}}"),
        "$.final_scaling.target.data.image_size",
        "null",
    ),
    (
        "target_with_a_label_of_its_own",
        bad("final_scaling: {target: {data: {source: 'tfds:mnist', label: y}}}"),
        "$.final_scaling.target.data.label",
        '"y"',
    ),
    (
        "target_without_training_rows",
        bad("final_scaling: {target: {data: {source: 'tfds:mnist', validation: 0.5, test: 0.5}}}"),
        "$.final_scaling.target.data.test",
        "0.5",
    ),
    (
        "target_tested_on_what_the_search_trained_on",
        bad("final_scaling: {target: {data: {source: 'sklearn:digits', test: 0.3}}}"),
        "$.final_scaling.target.data.test",
        "0.3",
    ),
    (
        "target_of_the_same_file_by_another_path",
        bad(
            "final_scaling: {target: {data: {source: 'images:./x/../y', image_size: [8, 8], validation: 0.1}}}",
            data="data: {source: 'images:y', image_size: [8, 8]}",
        ),
        "$.final_scaling.target.data.validation",
        "0.1",
    ),
    (
        "target_of_the_same_objects",
        bad(
            "final_scaling: {target: {data: {source: 'images:gs://b/y/', image_size: [8, 8], validation: 0.1}}}",
            data="data: {source: 'images:gs://b/y', image_size: [8, 8]}",
        ),
        "$.final_scaling.target.data.validation",
        "0.1",
    ),
    (
        "target_changes_what_is_searched",
        bad("final_scaling: {target: {space_settings: {nodes: 8}}}"),
        "$.final_scaling.target.space_settings.nodes",
        "8",
    ),
    (
        "target_in_an_unknown_network",
        bad("final_scaling: {target: {space_settings: {networks: [vgg]}}}"),
        "$.final_scaling.target.space_settings.networks[0]",
        '"vgg"',
    ),
    (
        "target_in_a_network_twice",
        bad("final_scaling: {target: {space_settings: {networks: [efficientnet, efficientnet]}}}"),
        "$.final_scaling.target.space_settings.networks",
        "efficientnet",
    ),
    (
        "target_scales_a_network_that_it_has_not",
        bad("final_scaling: {network: preact_resnet, target: {space_settings: {networks: [efficientnet]}}}"),
        "$.final_scaling.network",
        '"preact_resnet"',
    ),
    (
        "target_warms_up_longer_than_it_trains",
        bad("final_scaling: {grid_steps: 40, target: {training: {warmup_steps: 40}}}"),
        "$.final_scaling.target.training.warmup_steps",
        "40",
    ),
    (
        "target_keeps_a_warmup_that_is_longer_than_it_trains",
        bad("training: {warmup_steps: 40}\nfinal_scaling: {grid_steps: 40}"),
        "$.training.warmup_steps",
        "40",
    ),
    (
        "widths_of_some_networks",
        bad("", space="space: {name: norm_act_layer, settings: {width: {efficientnet: 0.5}}}"),
        "$.space.settings.width",
        "{'efficientnet': 0.5}",
    ),
    (
        "width_of_a_network_out_of_range",
        bad("", space="space: {name: norm_act_layer, settings: {networks: [efficientnet], depth: {efficientnet: 17}}}"),
        "$.space.settings.depth.efficientnet",
        "17",
    ),
    ("unknown_network", bad("final_scaling: {network: vgg}"), "$.final_scaling.network", '"vgg"'),
    ("unknown_baseline", bad("final_scaling: {baselines: [vgg]}"), "$.final_scaling.baselines[0]", '"vgg"'),
    ("unknown_controller", bad("controller: {name: evolutoin}"), "$.controller.name", '"evolutoin"'),
    (
        "controller_setting_out_of_range",
        bad("controller: {name: evolution, settings: {tournament: 1.5}}"),
        "$.controller.settings.tournament",
        "1.5",
    ),
    (
        "setting_of_another_controller",
        bad("controller: {name: random, settings: {window: 10}}"),
        "$.controller.settings.window",
        "window: 10",
    ),
]


@pytest.mark.parametrize(
    ("text", "path", "received"), [row[1:] for row in BAD_FILES], ids=[row[0] for row in BAD_FILES]
)
def test_bad_file_is_refused_with_path_and_received_value(text, path, received):
    with pytest.raises(InvalidSearch) as caught:
        read_search(text)
    assert path in [problem.path for problem in caught.value.problems], str(caught.value)
    problem = next(problem for problem in caught.value.problems if problem.path == path)
    assert received in problem.received, str(problem)
    assert f"`{path}` must be " in str(caught.value)


def test_the_table_has_forty_different_files():
    assert len({text for _, text, _, _ in BAD_FILES}) == len(BAD_FILES) >= 40


@pytest.mark.parametrize("replaced", [{}, {"data": "data: {source: 'tfds:mnist', image_size: [32, 32]}"}])
def test_the_file_that_bad_files_depart_from_is_good(replaced):
    assert read_search(bad("", **replaced)).name == "digits"
