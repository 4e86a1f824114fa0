"""KFP wrappers of `stage.search_is_free` and `continue_search`."""

from kfp import dsl

from components.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def search_is_free(search: str, run: str) -> bool:
    """Asks Kubeflow whether no other run is at work on the search.

    Args:
        search: URI of the search directory.
        run: id of this run.
    """
    from components.continue_as_new.stage import search_is_free as is_free
    from components.records.step import run_step

    return run_step("search_is_free", search, is_free, run)


@dsl.component(base_image=IMAGE, install_kfp_package=False)
def continue_as_new(search: str, run: str) -> str:
    """Submits the next run of this pipeline version, which goes on with the search; returns its id.

    Args:
        search: URI of the search directory.
        run: id of this run.
    """
    from components.continue_as_new.stage import continue_search
    from components.records.step import run_step

    return run_step("continue_as_new", search, continue_search, run)
