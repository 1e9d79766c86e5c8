"""The Python environment that the peers live in, below build/. Everything that fails to be set up is said, and left out."""

import importlib.metadata
import os
import subprocess
import sys

from .peers import PEERS

OWN = ("numpy", "scipy", "matplotlib")  # of the bench itself


def folder(root):
    return os.path.join(root, "build", "peers-env")


def python(root):
    return os.path.join(folder(root), "bin", "python")


def say(text):
    print(text, file=sys.stderr, flush=True)


def create(root):
    """The environment with the bench's own packages, where it is not there yet."""
    mark = os.path.join(folder(root), "own-packages")
    if os.path.exists(mark):
        return
    say(f"peers: making a Python environment in {folder(root)}")
    made = subprocess.run([sys.executable, "-m", "venv", folder(root)], check=False)
    if made.returncode:
        sys.exit("peers: python3 -m venv failed; install it with\n  sudo apt-get install -y python3-venv")
    if not _install(root, OWN):
        sys.exit(f"peers: pip could not install {', '.join(OWN)}")
    open(mark, "w", encoding="utf-8").close()


def _install(root, packages):
    pip = [python(root), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    return subprocess.run(pip + list(packages), stdout=sys.stderr, check=False).returncode == 0


def _has(package):
    """In this environment: what sets it up already runs in it."""
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def _missing_debian(packages):
    status = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n"]
    try:
        listed = subprocess.run(status + list(packages), capture_output=True, text=True, check=False).stdout.splitlines()
    except FileNotFoundError:
        return list(packages)
    return [package for package in packages if f"{package} installed" not in listed]


def _install_debian(packages):
    """As root they are installed; else the command is said. What is still missing."""
    missing = _missing_debian(packages)
    if missing and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], stdout=sys.stderr, check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing], stdout=sys.stderr,
                       env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, check=False)
        missing = _missing_debian(packages)
    return missing


def set_up(root, names):
    """The peers that are there afterwards, and a dictionary of those that are not: why."""
    there, absent = [], {}
    for peer in PEERS:
        if peer.name not in names:
            continue
        wanted = [package for package in peer.packages if not _has(package)]
        if wanted:
            say(f"peers: installing {', '.join(wanted)} for {peer.name}")
        if wanted and not _install(root, wanted):
            absent[peer.name] = f"pip could not install {', '.join(wanted)}"
            continue
        missing = _install_debian(peer.debian) if peer.debian else []
        if missing:
            absent[peer.name] = f"packages are missing: sudo apt-get install -y {' '.join(missing)}"
            continue
        there.append(peer)
    return there, absent
