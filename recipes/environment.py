"""The environment of a result: versions, hardware, the commit."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

__all__ = ["__version__", "commit", "cores", "hardware", "install_command", "versions"]

NAME = "keras-training-recipes"

try:
    __version__ = importlib.metadata.version(NAME)
except importlib.metadata.PackageNotFoundError:  # a checkout that is not installed
    __version__ = "unknown"

PACKAGES = ("tensorflow", "keras", "keras-tuner", "tensorflow-datasets", "numpy", "scipy")


def versions() -> dict[str, str]:
    """The versions of this package, Python and the packages that results depend on."""
    installed = {"recipes": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            installed[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            installed[name] = "not installed"
    return installed


def install_command(extra: str) -> str:
    """The command that installs the packages of an extra of this package, which itself may be in no index.

    Example:
        >>> install_command("ray")
        'pip install "ray>=2.40"'
    """
    try:
        requirements = importlib.metadata.requires(NAME) or []
    except importlib.metadata.PackageNotFoundError:
        requirements = []
    parts = [text.replace("'", '"').partition(";") for text in requirements]
    packages = [f'"{name.strip()}"' for name, _, marker in parts if f'"{extra}"' in marker]
    return " ".join(["pip install", *(packages or [f'".[{extra}]" (in the clone)'])])


def cores() -> int:
    """The number of cores that this process may use; the machine may have more."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def hardware() -> dict[str, str | int]:
    """The processor, the cores that this process may use, memory in GiB, accelerators and the system."""
    import tensorflow as tf

    processor = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        processor = names[0] if names else processor
    memory = 0
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
    devices = [device for device in tf.config.list_physical_devices() if device.device_type != "CPU"]
    accelerators = [
        tf.config.experimental.get_device_details(device).get("device_name", device.device_type) for device in devices
    ]
    return {
        "processor": processor,
        "cores": cores(),
        "memory_gib": memory,
        "accelerators": ", ".join(accelerators) or "none",
        "system": f"{platform.system()} {platform.machine()}",
    }


def commit() -> str:
    """The commit of the checkout that this package runs from, with a "+" if files have changed, or "unknown"."""
    folder = Path(__file__).resolve().parent

    def git(*arguments: str) -> str:
        run = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=10, check=True)
        return run.stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "__init__.py")  # an installed copy may lie within another project's checkout
        return git("describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*")
    except (OSError, subprocess.SubprocessError):
        return "unknown"
