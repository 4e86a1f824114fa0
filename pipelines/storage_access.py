"""How a step on a cluster reaches the search's object storage: settings and credentials that the namespace holds.

manifests/ says what they are. Both are optional: gs:// needs neither, its steps act as their service account.
"""

from kfp import dsl, kubernetes

SETTINGS = "archloom-storage"  # a ConfigMap of manifests/overlays
CREDENTIALS = "mlpipeline-minio-artifact"  # the Secret of Kubeflow's own store, in every namespace that runs pipelines

SETTING_VARIABLES = {"endpoint": "AWS_ENDPOINT_URL_S3", "region": "AWS_DEFAULT_REGION"}
CREDENTIAL_VARIABLES = {"accesskey": "AWS_ACCESS_KEY_ID", "secretkey": "AWS_SECRET_ACCESS_KEY"}


def reach_storage(task: dsl.PipelineTask) -> dsl.PipelineTask:
    """Gives a step the environment that boto3 reads; returns the step. The compiled pipeline holds names only."""
    kubernetes.use_config_map_as_env(task, SETTINGS, SETTING_VARIABLES, optional=True)
    return kubernetes.use_secret_as_env(task, CREDENTIALS, CREDENTIAL_VARIABLES, optional=True)
