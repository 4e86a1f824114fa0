"""The connection to Kubeflow Pipelines' API: where it is, who asks, how long to wait, and what its refusals mean.

It stands on `kfp_server_api` alone, because `kfp.Client` doesn't exist inside a component.
"""

import json
import os
from pathlib import Path
from typing import Any

import kfp_server_api
import urllib3
from kfp_server_api.rest import RESTClientObject
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, ProtocolError, ReadTimeoutError

HOST = "KF_PIPELINES_ENDPOINT"  # the SDK's own variable
TOKEN_PATH = "KF_PIPELINES_SA_TOKEN_PATH"
IN_CLUSTER_HOST = "http://ml-pipeline.kubeflow:8888"
MOUNTED_TOKEN = "/var/run/secrets/kubeflow/pipelines/token"
CONNECT_SECONDS, ANSWER_SECONDS = 10.0, 60.0
BACKOFF_SECONDS = 0.5
MOST_REASON = 600  # characters of a refusal's reason that are shown


class KubeflowError(RuntimeError):
    """The API didn't do what it was asked; the message says why and what helps."""


class NotAnswered(KubeflowError):
    """The host doesn't answer, or something else than the API answers. What was asked for may have been done."""


class NotAllowed(KubeflowError):
    """The token is missing, expired, or not enough."""


class Rest(RESTClientObject):
    """HTTP to the API with time limits; whatever goes wrong is a KubeflowError.

    A question is asked again where a gateway says that the API is away, a command only where it can't have arrived.
    """

    def __init__(self, configuration: kfp_server_api.Configuration):
        configuration.retries = urllib3.Retry(
            connect=2,
            read=1,
            status=2,
            backoff_factor=BACKOFF_SECONDS,
            status_forcelist=(502, 503, 504),
            allowed_methods=("GET",),
            raise_on_status=False,
        )
        super().__init__(configuration)
        self._host = configuration.host

    def request(self, method: str, url: str, *arguments: Any, **options: Any) -> Any:
        """Sends a request and returns its answer.

        Raises:
            KubeflowError: where there is none, or where it is a refusal.
        """
        options["_request_timeout"] = options.get("_request_timeout") or (CONNECT_SECONDS, ANSWER_SECONDS)
        try:
            answer = super().request(method, url, *arguments, **options)
        except kfp_server_api.ApiException as error:
            raise _refusal(self._host, error) from None
        except HTTPError as error:
            raise NotAnswered(_no_answer(self._host, getattr(error, "reason", None) or error)) from None
        if "json" not in (answer.getheader("content-type") or ""):
            raise NotAnswered(
                f"{self._host} answers with a page, not as the API of Kubeflow Pipelines: is it a login page, or "
                "another address?"
            )
        return answer


def connect() -> kfp_server_api.ApiClient:
    """Returns a connection from inside the cluster, with the mounted token where there is one."""
    configuration = kfp_server_api.Configuration(host=(os.environ.get(HOST) or IN_CLUSTER_HOST).rstrip("/"))
    token = Path(os.environ.get(TOKEN_PATH) or MOUNTED_TOKEN)
    if token.is_file():
        configuration.api_key["authorization"] = token.read_text(encoding="ascii").strip()
        configuration.api_key_prefix["authorization"] = "Bearer"
    client = kfp_server_api.ApiClient(configuration)
    client.rest_client = Rest(configuration)
    return client


def _refusal(host: str, error: kfp_server_api.ApiException) -> KubeflowError:
    """What an answer with an error's status means."""
    if not error.status:
        return NotAnswered(f"{host} doesn't answer: {' '.join(str(error.reason).split())}.")
    reason = _reason(error)
    if error.status == 401:
        return NotAllowed(f"{host} refuses the token (401): {reason}. It is missing or has expired: get a new one.")
    if error.status == 403:
        return NotAllowed(f"{host} doesn't allow it (403): {reason}. The token has expired or lacks the permission.")
    return KubeflowError(f"{host} answers with an error ({error.status}): {reason}.")


def _reason(error: kfp_server_api.ApiException) -> str:
    """The reason that an error's body gives; where it gives none, the status in words."""
    try:
        body = json.loads(error.body)
    except (TypeError, ValueError):
        body = None
    fields = body if isinstance(body, dict) else {}
    found = fields.get("message") or fields.get("error_details") or fields.get("error_message") or fields.get("error")
    return " ".join(str(found or error.reason).split())[:MOST_REASON].rstrip(".")


def _no_answer(host: str, why: BaseException) -> str:
    """What a request without an answer means."""
    if isinstance(why, NameResolutionError):
        return f"{host} doesn't answer: no such host name is known here."
    if isinstance(why, ConnectTimeoutError) and "timed out" in str(why):
        return f"{host} doesn't answer: no connection within {CONNECT_SECONDS:g} seconds."
    if isinstance(why, ReadTimeoutError):
        return f"{host} doesn't answer: connected, but silent for {ANSWER_SECONDS:g} seconds."
    if isinstance(why, ProtocolError):
        return f"{host} doesn't answer: it closed the connection without one."
    return f"{host} doesn't answer: {str(why).rsplit(': ', 1)[-1].split('] ')[-1]}."
