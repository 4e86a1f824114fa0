"""KFP wrapper of `stage.prepare_search`."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def data_split(search: str, description: str, devices: str, depth: int) -> int:
    """Writes the search's description and splits its data, once; returns on which device layers are to be measured.

    That is its place among the devices, from 0. It is -1 where the search limits no latency that is predicted from
    layers, or where they are measured already.

    Args:
        search: URI of the search directory.
        description: the search file's text, or its URI; empty where the directory holds it.
        devices: that this pipeline measures latency on, separated by blanks; empty for the machine that it runs on.
        depth: rounds that one run nests.
    """
    from components.data_split.stage import prepare_search
    from components.records.step import run_step

    return run_step("data_split", search, prepare_search, description, devices, depth)
