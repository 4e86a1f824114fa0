"""What holds for the manifests as a whole: references, namespaces, secrets, rights, and how pods run."""

import re

import pytest
import yaml

from components.image import IMAGE
from tests.manifests.rendering import (
    APPLIED,
    CLUSTER_SCOPED,
    INSTALLATIONS,
    leaves,
    names_of,
    of_kind,
    pod_templates,
    render,
)

installation = pytest.mark.parametrize("folder", INSTALLATIONS)
anything = pytest.mark.parametrize("folder", APPLIED)
WRITING = {"create", "update", "patch", "delete", "deletecollection", "*"}
# A private key, keys of AWS and Google, a password, and one inside an address.
KEY_TEXT = re.compile(
    r"-----BEGIN|\bAKIA[0-9A-Z]{16}\b|\bAIza[\w-]{35}|\bpass(word|wd)\s*[:=]|://[^/@\s]+:[^/@\s]+@", re.I
)


@anything
def test_every_image_has_a_tag_and_it_is_the_released_one(folder):
    images = [value for path, value in leaves(render(folder)) if path.endswith(".image")]
    assert set(images) <= {IMAGE}
    assert "latest" not in yaml.safe_dump(render(folder))
    assert len(images) == len(pod_templates(render(folder)))


@installation
def test_the_submitted_version_is_that_of_the_image(folder):
    settings = next(one for one in of_kind(render(folder), "ConfigMap") if "KFP_HOST" in one["data"])
    assert settings["data"]["ARCHLOOM_IMAGE"] == IMAGE
    assert IMAGE.endswith(f":{settings['data']['PIPELINE_VERSION']}")


@anything
def test_there_is_no_secret_in_plain_text(folder):
    objects = render(folder)
    assert not of_kind(objects, "Secret")
    assert not [path for path, value in leaves(objects) if KEY_TEXT.search(str(value))]
    inline = [path for path, _ in leaves(objects) if re.search(r"\.env\[\d+\]\.value$", path)]
    assert len(inline) == len(pod_templates(objects))  # HOME


@anything
def test_everything_of_a_namespace_is_in_one_and_the_rest_in_none(folder):
    objects = render(folder)
    for one in objects:
        expected = None if one["kind"] in CLUSTER_SCOPED else "kubeflow"
        assert one["metadata"].get("namespace") == expected, one["metadata"]["name"]
    namespaces = {value for path, value in leaves(objects) if path.endswith(".subjects[0].namespace")}
    assert namespaces <= {"kubeflow"}


@installation
def test_what_pods_refer_to_is_there(folder):
    objects = render(folder)
    for template in pod_templates(objects):
        spec = template["spec"]
        assert spec["serviceAccountName"] in names_of(objects, "ServiceAccount")
        assert spec["priorityClassName"] in names_of(objects, "PriorityClass")
        used = {source["configMapRef"]["name"] for one in spec["containers"] for source in one["envFrom"]}
        used |= {volume["configMap"]["name"] for volume in spec["volumes"] if "configMap" in volume}
        assert used <= names_of(objects, "ConfigMap")
        mounted = {mount["name"] for one in spec["containers"] for mount in one["volumeMounts"]}
        assert mounted == {volume["name"] for volume in spec["volumes"]}


@installation
def test_roles_are_bound_to_accounts_that_are_there(folder):
    objects = render(folder)
    assert len(of_kind(objects, "RoleBinding")) == len(of_kind(objects, "Role")) == 1
    for binding in of_kind(objects, "RoleBinding"):
        assert binding["roleRef"]["name"] in names_of(objects, binding["roleRef"]["kind"])
        accounts = {(one["kind"], one["name"]) for one in binding["subjects"]}
        assert accounts <= {("ServiceAccount", name) for name in names_of(objects, "ServiceAccount")}
    assert not of_kind(objects, "ClusterRoleBinding")


@installation
def test_the_runner_has_no_right_to_everything_and_changes_only_what_it_must(folder):
    changes = set()
    for rule in of_kind(render(folder), "Role")[0]["rules"]:
        assert "*" not in (*rule["apiGroups"], *rule["resources"], *rule["verbs"])
        if "secrets" in rule["resources"]:
            assert (rule["resourceNames"], rule["verbs"]) == (["mlpipeline-minio-artifact"], ["get"])
        if WRITING.intersection(rule["verbs"]):
            changes |= {(group, name) for group in rule["apiGroups"] for name in rule["resources"]}
    kubeflow = "pipelines.kubeflow.org"
    assert changes == {("argoproj.io", "workflowtaskresults"), (kubeflow, "runs"), (kubeflow, "experiments")}


def test_no_secret_is_readable_where_identity_needs_none():
    role = of_kind(render("overlays/gke"), "Role")[0]
    assert not [rule for rule in role["rules"] if "secrets" in rule["resources"]]


@installation
def test_only_the_runner_gets_a_token(folder):
    objects = render(folder)
    mounting = {
        one["metadata"]["name"] for one in of_kind(objects, "ServiceAccount") if one["automountServiceAccountToken"]
    }
    assert mounting == {"archloom-runner"}
    assert all(one["spec"]["automountServiceAccountToken"] is False for one in pod_templates(objects))


@installation
def test_pods_are_confined(folder):
    """Kubernetes' `restricted` profile, a read-only root beyond it, and bounds on all that a pod can use up."""
    for template in pod_templates(render(folder)):
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["runAsUser"] > 0
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(spec)
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            resources = container["resources"]
            assert set(resources["requests"]) == set(resources["limits"]) == {"cpu", "memory", "ephemeral-storage"}
        for volume in spec["volumes"]:
            assert "configMap" in volume or volume["emptyDir"]["sizeLimit"]


@installation
def test_kubeflow_is_told_where_a_store_is(folder):
    """Source: Kubeflow's page on object stores; a provider without `default` is ignored by the launcher."""
    launcher = next(one for one in of_kind(render(folder), "ConfigMap") if one["metadata"]["name"] == "kfp-launcher")
    providers = yaml.safe_load(launcher["data"]["providers"])
    for settings in providers.values():
        credentials = settings["default"]["credentials"]
        assert credentials["fromEnv"] is ("secretRef" not in credentials)
    root = launcher["data"]["defaultPipelineRoot"]
    assert root.startswith(("minio://mlpipeline/", "gs://my-bucket/"))
