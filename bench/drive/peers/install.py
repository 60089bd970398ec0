"""Gets the services of others: npm and PyPI packages as locked, into the cache, once for each list of versions."""

import hashlib
import os
import shutil
import sys

from ..processes import run


def python(bench, here):
    """A Python that has what `requirements.txt` names."""
    folder = cached(bench, "bench-peers-python", f"{here}/requirements.txt")
    program = os.path.join(folder, "bin", "python")

    def install():
        run(sys.executable, "-m", "venv", folder)
        run(program, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", f"{here}/requirements.txt")

    once(bench, folder, "FastAPI and boto3", install)
    return program


def sources(bench, here):
    """A folder with the services' sources, what they need beside them, and what is compiled from TypeScript in `built`."""
    modules = node_modules(bench, here)
    folder = os.path.join(bench.scratch, "peers-sources")
    shutil.copytree(here, folder)
    os.symlink(modules, os.path.join(folder, "node_modules"))
    run("node", os.path.join(modules, "typescript", "bin", "tsc"), "--project", folder)
    return folder


def node_modules(bench, here):
    folder = cached(bench, "bench-peers-node", f"{here}/package-lock.json")

    def install():
        for name in ("package.json", "package-lock.json"):
            shutil.copy(os.path.join(here, name), folder)
        run("npm", "ci", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--silent")

    once(bench, folder, "NestJS, the AWS SDK and Companion", install)
    return os.path.join(folder, "node_modules")


def cached(bench, name, file):
    """The folder in the cache for this content of a file."""
    with open(file, "rb") as opened:
        return os.path.join(bench.cache, f"{name}-{hashlib.sha256(opened.read()).hexdigest()[:16]}")


def once(bench, folder, what, install):
    """Installs into the folder unless that was done before. What was left half done has no mark and is done anew."""
    done = os.path.join(folder, "installed")
    if os.path.exists(done):
        return
    bench.say(f"  installing {what}")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    install()
    with open(done, "w", encoding="utf-8"):
        pass
