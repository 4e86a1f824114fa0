"""Every object has the fields that its kind has, in the oldest and the newest Kubernetes that we name."""

import copy

import jsonschema
import kubernetes_validate
import pytest

from tests.manifests.kueue_fields import SPECS
from tests.manifests.rendering import APPLIED, INSTALLATIONS, QUEUES, of_kind, render

VERSIONS = ("1.31", "1.37")
KUEUE = "kueue.x-k8s.io/v1beta2"


def test_there_is_something_to_check():
    assert set(APPLIED) >= {"overlays/gke", "overlays/kubeflow", "queues/gke", "queues/plain"}
    assert all(render(folder) for folder in APPLIED)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("folder", INSTALLATIONS)
def test_kubernetes_knows_every_field(folder, version):
    for one in render(folder):
        assert kubernetes_validate.validate(one, version, strict=True) == version


@pytest.mark.parametrize("folder", QUEUES)
def test_kueue_knows_every_field(folder):
    for one in render(folder):
        assert (one["apiVersion"], set(one)) == (KUEUE, {"apiVersion", "kind", "metadata", "spec"})
        jsonschema.Draft202012Validator(SPECS[one["kind"]]).validate(one["spec"])


@pytest.mark.parametrize("version", VERSIONS)
def test_the_check_sees_a_misspelled_field_and_a_wrong_type(version):
    cron_job = of_kind(render(INSTALLATIONS[0]), "CronJob")[0]
    misspelled, mistyped = copy.deepcopy(cron_job), copy.deepcopy(cron_job)
    misspelled["spec"]["startingDeadlineSecond"] = misspelled["spec"].pop("startingDeadlineSeconds")
    mistyped["spec"]["suspend"] = "yes"
    with pytest.raises(kubernetes_validate.ValidationError, match="startingDeadlineSecond"):
        kubernetes_validate.validate(misspelled, version, strict=True)
    with pytest.raises(kubernetes_validate.ValidationError, match="'yes' is not of type"):
        kubernetes_validate.validate(mistyped, version, strict=True)
