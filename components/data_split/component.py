"""KFP wrapper of `stage.split_search_data`."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def data_split(search: str, description: str, devices: str, depth: int):
    """Writes the search's description and splits its data into train, validation and test rows, once.

    Args:
        search: URI of the search directory.
        description: the search file's text, or its URI; empty where the directory holds it.
        devices: that this pipeline measures latency on, separated by blanks; empty for the machine that it runs on.
        depth: rounds that one run nests.
    """
    from components.data_split.stage import split_search_data
    from components.records.step import run_step

    run_step("data_split", search, split_search_data, description, devices, depth)
