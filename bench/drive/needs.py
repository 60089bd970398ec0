"""The programs of others that a section compares with: where they are, and which Debian package has them."""

import glob
import os
import shutil
import subprocess
from importlib.util import find_spec

from .processes import Failed


def which(program):
    """Where a program is, or None. Servers are often in a folder that only root looks into."""
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def python():
    """A Python that has botocore, or None."""
    for program in filter(None, [os.environ.get("HANDIN_TEST_PYTHON"), "python3"]):
        if subprocess.run([program, "-c", "import botocore"], capture_output=True, check=False).returncode == 0:
            return program
    return None


def postgres():
    """The folder of the newest PostgreSQL's programs, or None."""
    return max(glob.glob("/usr/lib/postgresql/*/bin"), default=None, key=lambda folder: int(folder.split("/")[-2]))


NEEDS = {
    "signing": {"nodejs": lambda: which("node"), "npm": lambda: which("npm"), "python3-botocore": python},
    "http": {},
    "peers": {"nodejs": lambda: which("node"), "npm": lambda: which("npm"), "python3-venv": lambda: find_spec("ensurepip")},
    "ledger": {"postgresql": postgres},
    "parts": {"nginx-light": lambda: which("nginx")},
    "traffic": {},
    "bell": {},
    "crowd": {},
    "crowd_nodes": {"postgresql": postgres},
    "data_centre": {"iproute2": lambda: which("tc")},
}


def check(sections):
    """Fails, naming what to install, unless everything is there."""
    missing = [] if which("taskset") else ["util-linux"]
    missing += [package for section in sections for package, find in NEEDS[section].items() if not find()]
    if missing:
        raise Failed(f"this machine lacks what is measured beside ours; install the Debian packages {' '.join(missing)}")
    if os.cpu_count() < 2:
        raise Failed("server and load generator need a core each, and this machine has one")
