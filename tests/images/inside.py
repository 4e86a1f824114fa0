"""What a step finds in its container, as JSON: run by `python3 -c` inside."""

import importlib.metadata
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import kfp  # noqa: F401 (a step's command imports it)

import components.image


def writable(folder):
    """Whether a file can be made in a folder."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def checked_before_use(file):
    """Whether Python compares compiled code with its source first, which a fixed date of the source would not pass."""
    return file.read_bytes()[4:8] != b"\1\0\0\0"


status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
found = {
    "uid": os.getuid(),
    "gid": os.getgid(),
    "home": os.path.expanduser("~"),
    "prefix": sys.prefix,
    "package": components.image.__file__,
    "commands": {name: shutil.which(name) for name in ("sh", "mktemp", "python3", "archloom")},
    "capabilities": [int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")],
    "no_new_privileges": status["NoNewPrivs"] == "1",
    "writable": [at for at, _, _ in os.walk("/") if not at.startswith(("/proc", "/sys", "/dev")) and writable(at)],
    "checked": sum(map(checked_before_use, Path(sys.prefix).rglob("*.pyc"))),
    "packages": {one.metadata["Name"]: one.version for one in importlib.metadata.distributions()},
    "environment": sorted(os.environ),
    "secrets": os.path.exists("/run/secrets"),
}
print(json.dumps(found))
