"""A small Kubeflow Pipelines API on loopback, for tests: it keeps what it is told in memory and can be made to fail.

What it takes and gives are `kfp_server_api`'s own models, so a field of another name is refused as the real API refuses
it. Names of pipelines, versions and experiments are unique, those of runs and recurring runs are not, as in Kubeflow.
"""

import datetime
import json
import re
import uuid
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote_plus

import kfp_server_api as models
import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from tests.servers.faulty_http import FaultyServer, Refusal

MOST_PARAMETER_BYTES = 10_000
JSON_CLIENT = models.ApiClient(models.Configuration())


def decode(kind: str, data: bytes) -> Any:
    """Returns JSON as a model; a field that the model doesn't have is refused."""
    model = JSON_CLIENT.deserialize(SimpleNamespace(data=data), kind)
    unknown = _fields(json.loads(data)) - _fields(JSON_CLIENT.sanitize_for_serialization(model))
    if unknown:
        raise Refusal(400, f"proto: unknown fields of {kind}: {sorted(unknown)}")
    return model


def _fields(data: Any, path: str = "$") -> set[str]:
    """Paths of everything in JSON data."""
    if isinstance(data, dict):
        return {path}.union(*(_fields(value, f"{path}.{key}") for key, value in data.items()))
    if isinstance(data, list):
        return {path}.union(*(_fields(value, f"{path}[{index}]") for index, value in enumerate(data)))
    return {path}


def spec_struct(package: str) -> dict:
    """A package's YAML as the API gives it back: normalised, with the platform's part beside it where there is one."""
    documents = list(yaml.safe_load_all(package))
    spec = json_format.ParseDict(documents[0], pipeline_spec_pb2.PipelineSpec())
    if len(documents) == 1:
        return json_format.MessageToDict(spec)
    platform = json_format.ParseDict(documents[1], pipeline_spec_pb2.PlatformSpec())
    return {"pipeline_spec": json_format.MessageToDict(spec), "platform_spec": json_format.MessageToDict(platform)}


class KubeflowApi(FaultyServer):
    """The server. Use it as a context manager.

    Args:
        token: what callers must show; None lets everybody in.
    """

    def __init__(self, token: str | None = None):
        super().__init__()
        self.token = token
        self.pipelines: list[models.V2beta1Pipeline] = []
        self.versions: list[models.V2beta1PipelineVersion] = []
        self.experiments: list[models.V2beta1Experiment] = []
        self.runs: list[models.V2beta1Run] = []
        self.recurring_runs: list[models.V2beta1RecurringRun] = []

    def answer(self, request: str, query: dict[str, str], body: bytes, headers: Any) -> dict:
        """Returns the answer to a request, named `METHOD path`; one request at a time."""
        if self.token is not None and headers.get("authorization") != f"Bearer {self.token}":
            raise Refusal(401, "Request header error: the token has expired")
        found = ((re.fullmatch(pattern, request), work) for pattern, work in ROUTES)
        route, work = next((route, work) for route, work in found if route)
        with self.lock:
            return JSON_CLIENT.sanitize_for_serialization(work(self, query, body, *route.groups()))

    def healthz(self, _query: dict, _body: bytes) -> Any:
        """What the health check answers."""
        return models.V2beta1GetHealthzResponse(multi_user=False)

    def create_pipeline(self, _query: dict, body: bytes) -> Any:
        """Creates a pipeline without a version."""
        pipeline = decode("V2beta1Pipeline", body)
        if any(one.name == pipeline.name and one.namespace == pipeline.namespace for one in self.pipelines):
            raise Refusal(409, f"Already exist error: The name {pipeline.name} already exists")
        pipeline.pipeline_id, pipeline.created_at = str(uuid.uuid4()), now()
        self.pipelines.append(pipeline)
        return pipeline

    def list_pipelines(self, query: dict, _body: bytes) -> Any:
        """A page of pipelines."""
        found, token = _page(self.pipelines, query)
        return models.V2beta1ListPipelinesResponse(pipelines=found, next_page_token=token, total_size=len(found))

    def delete_pipeline(self, _query: dict, _body: bytes, pipeline_id: str) -> Any:
        """Deletes a pipeline that has no versions."""
        if any(one.pipeline_id == pipeline_id for one in self.versions):
            raise Refusal(400, "The pipeline has versions")
        self.pipelines.remove(_one(self.pipelines, "pipeline_id", pipeline_id))
        return {}

    def upload_version(self, query: dict, body: bytes) -> Any:
        """Creates a version from an uploaded package."""
        _one(self.pipelines, "pipeline_id", query["pipelineid"])
        if any((one.pipeline_id, one.name) == (query["pipelineid"], query["name"]) for one in self.versions):
            raise Refusal(409, "Failed to create a pipeline version")
        version = models.V2beta1PipelineVersion(
            pipeline_id=query["pipelineid"],
            pipeline_version_id=str(uuid.uuid4()),
            name=query["name"],
            display_name=query["name"],
            description=query.get("description"),
            created_at=now(),
            pipeline_spec=spec_struct(body.decode()),
        )
        self.versions.append(version)
        return version

    def list_versions(self, query: dict, _body: bytes, pipeline_id: str) -> Any:
        """A page of a pipeline's versions."""
        found, token = _page([one for one in self.versions if one.pipeline_id == pipeline_id], query)
        return models.V2beta1ListPipelineVersionsResponse(pipeline_versions=found, next_page_token=token)

    def create_experiment(self, _query: dict, body: bytes) -> Any:
        """Creates an experiment."""
        experiment = decode("V2beta1Experiment", body)
        if any(one.display_name == experiment.display_name for one in self.experiments):
            raise Refusal(409, f"Already exist error: experiment {experiment.display_name}")
        experiment.experiment_id, experiment.created_at = str(uuid.uuid4()), now()
        self.experiments.append(experiment)
        return experiment

    def list_experiments(self, query: dict, _body: bytes) -> Any:
        """A page of experiments."""
        found, token = _page(self.experiments, query)
        return models.V2beta1ListExperimentsResponse(experiments=found, next_page_token=token)

    def create_run(self, _query: dict, body: bytes) -> Any:
        """Creates a run; another of the same name is fine."""
        run = decode("V2beta1Run", body)
        self._check_job(run)
        run.run_id, run.created_at, run.state = str(uuid.uuid4()), now(), "PENDING"
        self.runs.append(run)
        return run

    def get_run(self, _query: dict, _body: bytes, run_id: str) -> Any:
        """One run."""
        return _one(self.runs, "run_id", run_id)

    def list_runs(self, query: dict, _body: bytes) -> Any:
        """A page of runs."""
        found, token = _page(_of_experiment(self.runs, query), query)
        return models.V2beta1ListRunsResponse(runs=found, next_page_token=token)

    def create_recurring_run(self, _query: dict, body: bytes) -> Any:
        """Creates a recurring run."""
        job = decode("V2beta1RecurringRun", body)
        self._check_job(job)
        job.recurring_run_id, job.created_at = str(uuid.uuid4()), now()
        job.status = "ENABLED" if job.mode == "ENABLE" else "DISABLED"
        self.recurring_runs.append(job)
        return job

    def list_recurring_runs(self, query: dict, _body: bytes) -> Any:
        """A page of recurring runs."""
        found, token = _page(_of_experiment(self.recurring_runs, query), query)
        return models.V2beta1ListRecurringRunsResponse(recurring_runs=found, next_page_token=token)

    def delete_recurring_run(self, _query: dict, _body: bytes, recurring_run_id: str) -> Any:
        """Deletes a recurring run."""
        self.recurring_runs.remove(_one(self.recurring_runs, "recurring_run_id", recurring_run_id))
        return {}

    def _check_job(self, job: Any) -> None:
        """What Kubeflow checks before it runs something (experiment, version, parameters), and what it fills in."""
        job.service_account = job.service_account or "pipeline-runner"
        _one(self.experiments, "experiment_id", job.experiment_id)
        parameters = (job.runtime_config and job.runtime_config.parameters) or {}
        if sum(len(key) + len(str(value)) for key, value in parameters.items()) > MOST_PARAMETER_BYTES:
            raise Refusal(400, "The input parameter length exceed maximum size of 10000.")
        if (job.pipeline_spec is None) == (job.pipeline_version_reference is None):
            raise Refusal(400, "proto: oneof pipeline_source must be set once")
        spec = job.pipeline_spec
        if job.pipeline_version_reference is not None:
            version = job.pipeline_version_reference.pipeline_version_id
            spec = _one(self.versions, "pipeline_version_id", version).pipeline_spec
        inputs = spec.get("pipeline_spec", spec)["root"].get("inputDefinitions", {}).get("parameters", {})
        unknown = sorted(set(parameters) - set(inputs))
        missing = [name for name, one in inputs.items() if not one.get("isOptional") and name not in parameters]
        if unknown or missing:
            raise Refusal(400, f"InvalidInputError: unknown parameters {unknown}, missing parameters {missing}")


ROUTES = [
    (r"GET /healthz", KubeflowApi.healthz),
    (r"POST /pipelines", KubeflowApi.create_pipeline),
    (r"GET /pipelines", KubeflowApi.list_pipelines),
    (r"DELETE /pipelines/([^/]+)", KubeflowApi.delete_pipeline),
    (r"POST /pipelines/upload_version", KubeflowApi.upload_version),
    (r"GET /pipelines/([^/]+)/versions", KubeflowApi.list_versions),
    (r"POST /experiments", KubeflowApi.create_experiment),
    (r"GET /experiments", KubeflowApi.list_experiments),
    (r"POST /runs", KubeflowApi.create_run),
    (r"GET /runs/([^/]+)", KubeflowApi.get_run),
    (r"GET /runs", KubeflowApi.list_runs),
    (r"POST /recurringruns", KubeflowApi.create_recurring_run),
    (r"GET /recurringruns", KubeflowApi.list_recurring_runs),
    (r"DELETE /recurringruns/([^/]+)", KubeflowApi.delete_recurring_run),
]


def now() -> datetime.datetime:
    """The time, in whole seconds as Kubeflow keeps it."""
    return datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def _one(items: list, field: str, value: str) -> Any:
    for item in items:
        if getattr(item, field) == value:
            return item
    raise Refusal(404, f"ResourceNotFoundError: {field} {value} not found.")


def _of_experiment(items: list, query: dict) -> list:
    return [one for one in items if query.get("experiment_id") in (None, one.experiment_id)]


def _page(items: list, query: dict) -> tuple[list, str | None]:
    """The page of a listing that a query asks for, filtered and sorted, and the token of the next one."""
    for predicate in json.loads(unquote_plus(query.get("filter", "{}"))).get("predicates", []):
        assert predicate["operation"] in (1, "EQUALS"), predicate
        items = [one for one in items if getattr(one, predicate["key"]) == predicate["stringValue"]]
    key, _, order = query.get("sort_by", "created_at").partition(" ")
    items = sorted(items, key=lambda one: getattr(one, key), reverse=order == "desc")
    start, size = int(query.get("page_token", 0)), int(query.get("page_size", 20))
    return items[start : start + size], str(start + size) if len(items) > start + size else None
