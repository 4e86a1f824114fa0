"""The fields of Kueue's resources that the manifests may use, as JSON schemas.

No package holds Kueue's published schemas, so these are written by hand after its Go types of v1beta2. They know fewer
fields than Kueue and none of its rules between fields; `test_queues.py` checks the rules that matter here.
"""

from typing import Any


def _fields(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


TEXT = {"type": "string", "minLength": 1}
LABELS = {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 8}
QUANTITY = {"type": ["string", "integer"], "pattern": r"^[0-9]+(\.[0-9]+)?(m|[kMGTPE]i?)?$", "minimum": 0}
PREEMPTION = {"enum": ["Never", "LowerPriority", "Any"]}
TAINT = _fields(["key", "effect"], key=TEXT, value=TEXT, effect={"enum": ["NoSchedule", "NoExecute"]})
RESOURCE = _fields(["name", "nominalQuota"], name=TEXT, nominalQuota=QUANTITY)
FLAVOR = _fields(["name", "resources"], name=TEXT, resources={"type": "array", "items": RESOURCE, "maxItems": 64})
GROUP = _fields(
    ["coveredResources", "flavors"],
    coveredResources={"type": "array", "items": TEXT, "minItems": 1, "maxItems": 64},
    flavors={"type": "array", "items": FLAVOR, "minItems": 1, "maxItems": 64},
)
SPECS = {
    "ResourceFlavor": _fields([], nodeLabels=LABELS, nodeTaints={"type": "array", "items": TAINT, "maxItems": 8}),
    "LocalQueue": _fields(["clusterQueue"], clusterQueue=TEXT),
    "ClusterQueue": _fields(
        ["namespaceSelector", "resourceGroups"],  # without a selector no namespace may submit anything
        queueingStrategy={"enum": ["StrictFIFO", "BestEffortFIFO"]},
        namespaceSelector=_fields(["matchLabels"], matchLabels=LABELS),
        preemption=_fields([], withinClusterQueue=PREEMPTION, reclaimWithinCohort=PREEMPTION),
        resourceGroups={"type": "array", "items": GROUP, "minItems": 1, "maxItems": 16},
    ),
}
