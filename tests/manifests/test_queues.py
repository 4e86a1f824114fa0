"""The queues, the network policy, the quota and the storage settings fit the steps as they are compiled."""

import pytest

from pipelines.node_pools import NODE_POOLS, PART_OF, NodePool
from pipelines.storage_access import CREDENTIAL_VARIABLES, CREDENTIALS, SETTING_VARIABLES, SETTINGS
from tests.manifests.rendering import INSTALLATIONS, QUEUES, names_of, of_kind, pod_templates, render

SCARCE = [pool for pool in NODE_POOLS.values() if pool.resource]
ON_GKE = [pool for pool in SCARCE if not pool.name.startswith("k8s-")]
PLAIN = [pool for pool in SCARCE if pool.name.startswith("k8s-")]


def _amount(quantity: str | int) -> int:
    """A whole quantity in its unit, Gi or none."""
    return int(str(quantity).removesuffix("Gi"))


def _flavors_for(pool: NodePool, folder: str) -> list[dict]:
    """The flavors that Kueue would try for a pod of a node pool, with their quotas, in order.

    Its rule: of a pod's node selector, the keys that any flavor of the group has as label must agree with the flavor's
    labels, and the pod must bear the flavor's taints.
    """
    objects = render(folder)
    flavors = {one["metadata"]["name"]: one["spec"] for one in of_kind(objects, "ResourceFlavor")}
    queue = next(one for one in of_kind(objects, "ClusterQueue") if one["metadata"]["name"] == pool.queue)
    group = queue["spec"]["resourceGroups"][0]
    keys = {key for one in group["flavors"] for key in flavors[one["name"]].get("nodeLabels", {})}
    asked = {key: value for key, value in pool.selector if key in keys}
    borne = {taint.key for taint in pool.tolerations}
    return [
        one
        for one in group["flavors"]
        if all(flavors[one["name"]].get("nodeLabels", {}).get(key) == value for key, value in asked.items())
        and all(taint["key"] in borne for taint in flavors[one["name"]].get("nodeTaints", []))
    ]


@pytest.mark.parametrize("pool", ON_GKE, ids=lambda pool: pool.name)
def test_a_step_on_gke_is_admitted_to_its_own_kind_of_node(pool):
    kind = pool.name.replace("-2x2", "").replace("-2x4", "")
    assert [one["name"] for one in _flavors_for(pool, "queues/gke")] == [f"archloom-{kind}"]


@pytest.mark.parametrize("pool", PLAIN, ids=lambda pool: pool.name)
def test_a_step_on_any_kubernetes_is_admitted_to_the_one_flavor(pool):
    assert [one["name"] for one in _flavors_for(pool, "queues/plain")] == ["archloom-gpu"]


@pytest.mark.parametrize("pool", SCARCE, ids=lambda pool: pool.name)
def test_the_queue_lets_as_many_steps_in_as_it_has_accelerators(pool):
    """CPU and memory are counted too; 1 CPU and 1 GiB a step are left to the launcher and Argo's executor beside it."""
    (flavor,) = _flavors_for(pool, "queues/gke" if pool in ON_GKE else "queues/plain")
    quota = {one["name"]: _amount(one["nominalQuota"]) for one in flavor["resources"]}
    steps = quota[pool.resource] // int(pool.chips)
    assert steps >= 1
    assert quota["cpu"] >= steps * (int(pool.cpu) + 1)
    assert quota["memory"] >= steps * (_amount(pool.memory) + 1)


@pytest.mark.parametrize("folder", QUEUES)
def test_every_flavor_lists_the_covered_resources_in_their_order(folder):
    objects = render(folder)
    used = set()
    for queue in of_kind(objects, "ClusterQueue"):
        (group,) = queue["spec"]["resourceGroups"]
        names = [one["name"] for one in group["flavors"]]
        assert len(set(names)) == len(names)
        for flavor in group["flavors"]:
            assert [one["name"] for one in flavor["resources"]] == group["coveredResources"]
    used = {
        one["name"]
        for queue in of_kind(objects, "ClusterQueue")
        for one in queue["spec"]["resourceGroups"][0]["flavors"]
    }
    assert used == names_of(objects, "ResourceFlavor")


@pytest.mark.parametrize("folder", QUEUES)
def test_queues_lead_to_each_other_and_are_open_to_their_namespace(folder):
    objects = render(folder)
    queues = {one["metadata"]["name"]: one["spec"] for one in of_kind(objects, "ClusterQueue")}
    local = of_kind(objects, "LocalQueue")
    assert {one["spec"]["clusterQueue"] for one in local} == set(queues)
    for one in local:
        labels = queues[one["spec"]["clusterQueue"]]["namespaceSelector"]["matchLabels"]
        assert labels == {"kubernetes.io/metadata.name": one["metadata"]["namespace"]}


def test_every_queue_that_steps_ask_for_is_there():
    assert {pool.queue for pool in ON_GKE} == names_of(render("queues/gke"), "LocalQueue")
    assert {pool.queue for pool in PLAIN} == names_of(render("queues/plain"), "LocalQueue")


@pytest.mark.parametrize("folder", INSTALLATIONS)
def test_the_quota_covers_every_accelerator_and_nothing_that_others_need(folder):
    (quota,) = of_kind(render(folder), "ResourceQuota")
    assert set(quota["spec"]["hard"]) == {f"requests.{pool.resource}" for pool in SCARCE}
    for pool in SCARCE:
        assert int(quota["spec"]["hard"][f"requests.{pool.resource}"]) >= int(pool.chips)


@pytest.mark.parametrize("folder", INSTALLATIONS)
def test_the_network_policy_holds_the_steps_and_the_submitting_pod(folder):
    objects = render(folder)
    (policy,) = of_kind(objects, "NetworkPolicy")
    key, value = PART_OF
    assert policy["spec"]["podSelector"] == {"matchLabels": {key: value}}
    assert all(one["metadata"]["labels"][key] == value for one in pod_templates(objects))
    assert set(policy["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    assert policy["spec"]["ingress"] == []


def _reachable(folder: str, port: int) -> list[dict]:
    """Whom the steps may call on a port."""
    rules = of_kind(render(folder), "NetworkPolicy")[0]["spec"]["egress"]
    return [peer for rule in rules if port in [one["port"] for one in rule["ports"]] for peer in rule["to"]]


@pytest.mark.parametrize("folder", INSTALLATIONS)
def test_steps_reach_kubeflow_its_store_names_and_encrypted_services_only(folder):
    in_kubeflow = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kubeflow"}}}
    for port in (8888, 8887, 8080, 8333, 9000):
        assert _reachable(folder, port) == [in_kubeflow]
    assert [peer for peer in _reachable(folder, 53) if "namespaceSelector" in peer]
    anywhere = {peer["ipBlock"]["cidr"] for peer in _reachable(folder, 443)}
    assert anywhere == {"0.0.0.0/0", "::/0"}
    assert all(
        rule.get("ports") and rule.get("to") for rule in of_kind(render(folder), "NetworkPolicy")[0]["spec"]["egress"]
    )


def test_only_gke_opens_its_metadata_server():
    assert _reachable("overlays/kubeflow", 80) == _reachable("overlays/kubeflow", 988) == []
    assert {peer["ipBlock"]["cidr"] for peer in _reachable("overlays/gke", 988)} == {
        "169.254.169.252/32",
        "169.254.169.254/32",
    }


def test_gke_s_runner_is_one_with_a_google_account():
    accounts = {one["metadata"]["name"]: one for one in of_kind(render("overlays/gke"), "ServiceAccount")}
    annotations = accounts["archloom-runner"]["metadata"]["annotations"]
    settings = next(one["data"] for one in of_kind(render("overlays/gke"), "ConfigMap") if "KFP_HOST" in one["data"])
    assert annotations == {"iam.gke.io/gcp-service-account": settings["GOOGLE_SERVICE_ACCOUNT"]}
    assert "annotations" not in accounts["archloom-submit"]["metadata"]


def test_steps_find_the_storage_settings_under_the_compiled_names():
    """A name that is missing would be passed over in silence: steps take both as optional."""
    objects = render("overlays/kubeflow")
    settings = next(one["data"] for one in of_kind(objects, "ConfigMap") if one["metadata"]["name"] == SETTINGS)
    assert set(settings) == set(SETTING_VARIABLES)
    role = of_kind(objects, "Role")[0]
    assert [rule["resourceNames"] for rule in role["rules"] if "secrets" in rule["resources"]] == [[CREDENTIALS]]
    launcher = next(one["data"] for one in of_kind(objects, "ConfigMap") if one["metadata"]["name"] == "kfp-launcher")
    assert all(f": {key}" in launcher["providers"] for key in (CREDENTIALS, *CREDENTIAL_VARIABLES))
