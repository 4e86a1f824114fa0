"""KFP wrapper of `stage.split_search_data`."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def data_split(search: str, description: str, devices: str, depth: int) -> str:
    """Writes the search's description and splits its data, once; returns the device whose layers are to be measured.

    It is empty where the search limits no latency that is predicted from layers, or where they are measured already.

    Args:
        search: URI of the search directory.
        description: the search file's text, or its URI; empty where the directory holds it.
        devices: that this pipeline measures latency on, separated by blanks; empty for the machine that it runs on.
        depth: rounds that one run nests.
    """
    from components.data_split.stage import prepare_search
    from components.records.step import run_step

    return run_step("data_split", search, prepare_search, description, devices, depth)
