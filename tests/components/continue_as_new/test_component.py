"""The wrappers on Kubeflow's local runner, against the small Kubeflow API."""

from kfp import local

from components.continue_as_new import kubeflow_api
from components.continue_as_new.component import continue_as_new
from components.records.local_store import LocalStore
from components.search_file.stored import put_search
from tests.servers.kubeflow_api import KubeflowApi

RUN = "5c1c2a3e-0000-4000-8000-000000000000"


def test_the_steps_read_the_search_and_ask_the_api(tmp_path, monkeypatch):
    """On the local runner they are handed a number as the run's id, which they leave alone; a UUID they look up."""
    store = LocalStore(str(tmp_path / "shoes"))
    put_search(store, "{name: shoes, data: {source: 'sklearn:digits'}, space: {name: norm_act_layer}}")
    with KubeflowApi() as api:
        monkeypatch.setenv(kubeflow_api.HOST, api.host)
        local.init(
            runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(tmp_path / "root"), raise_on_error=False
        )
        assert continue_as_new(search=store.uri, run="12345678").output == ""
        assert api.requests == []
        continue_as_new(search=store.uri, run="5c1c2a3e-0000-4000-8000-000000000000")
        assert api.requests == ["GET /runs/5c1c2a3e-0000-4000-8000-000000000000"]
