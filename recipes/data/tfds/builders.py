"""prepared_builder: the TFDS builder of a dataset that is on this machine, or is downloaded."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ....callbacks.checks import InvalidArgument
from ....callbacks.warning import warn
from . import network
from .datasets import EMBEDDED_NAMES, UnknownDataset
from .network import DatasetUnavailable

__all__ = ["checked_data_dir", "is_builder", "prepared_builder", "prepared_folder", "with_files"]


def is_builder(name: Any) -> bool:
    """Whether ``name`` is a TFDS builder, not the name of one."""
    return hasattr(name, "as_dataset") and hasattr(name, "info")


def checked_data_dir(data_dir: Any) -> str | None:
    """The folder of datasets, or None for TFDS's default. It need not exist, but must not be a file."""
    if data_dir is None:
        data_dir = os.environ.get("TFDS_DATA_DIR") or None  # TFDS itself reads it only once, on import
        if data_dir is None:
            return None
    accepted = "a folder, or a path where one can be made"
    if not isinstance(data_dir, (str, os.PathLike)) or not os.fspath(data_dir):
        raise InvalidArgument("data_dir", data_dir, accepted)
    text = os.fspath(data_dir)
    if not isinstance(text, str):
        raise InvalidArgument("data_dir", data_dir, accepted)
    if "://" in text:
        return text
    path = Path(text).expanduser()
    for folder in (path, *path.parents):
        if folder.exists():
            if not folder.is_dir():
                raise InvalidArgument("data_dir", text, f"{accepted}; {folder} is a file")
            break
    return str(path)


def prepared_builder(name: str, data_dir: str | None, check: Callable[[Any], Any]) -> Any:
    """The builder of a dataset by name, prepared on this machine; downloads it if it is not.

    Args:
        name: of a dataset of TFDS, with a configuration and a version or without.
        data_dir: from :func:`checked_data_dir`.
        check: called with the builder before a download; raises for choices that its features do not allow.

    Raises:
        InvalidArgument: for a name that TFDS does not know, and for a dataset that cannot be downloaded.
    """
    import tensorflow_datasets as tfds

    if data_dir is not None and "://" in data_dir and not network.reachable([data_dir]):
        raise DatasetUnavailable(name, data_dir, "the network cannot be reached")
    options = {} if data_dir is None else {"data_dir": data_dir}
    try:
        builder = tfds.builder(name, **options)
    except Exception as error:
        names = [*EMBEDDED_NAMES, *tfds.list_builders(with_community_datasets=False)]
        if ":" not in name and name.split("/")[0] not in names:
            raise UnknownDataset(name, names) from None
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise InvalidArgument("name", name, f"a dataset that TFDS can build ({lines[0].rstrip(': ')})") from error
    prepared = None if ":" in name or _complete(builder.data_path) else _latest_version(builder.data_path.parent)
    ready = with_files(builder, name, data_dir, check) if prepared is None else tfds.builder_from_directory(prepared)
    _warn_of_configurations(name, builder)
    return ready


def with_files(builder: Any, name: str, data_dir: str | None, check: Callable[[Any], Any]) -> Any:
    """The builder once its dataset is prepared: now, if it is not.

    Args:
        builder: a ``tfds.core.DatasetBuilder``.
        name, data_dir, check: see :func:`prepared_builder`.
    """
    import tensorflow_datasets as tfds

    if _complete(builder.data_path):
        return builder
    check(builder)  # refuses unusable choices before the download
    if not network.reachable(getattr(builder, "url_infos", None) or {}):
        raise DatasetUnavailable(name, data_dir, f"the network cannot be reached{_other_configurations(builder)}")
    try:
        builder.download_and_prepare()
    except Exception as error:
        if _complete(builder.data_path):  # another process was faster
            return tfds.builder_from_directory(builder.data_path)
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DatasetUnavailable(name, data_dir, f"preparing it failed ({reason})") from error
    return builder


def prepared_folder(folder: Path) -> Path | None:
    """The folder of one version of a dataset that TFDS has prepared: this one, or the latest version in it; or None.

    Example:
        >>> prepared_folder(Path("/tmp")) is None
        True
    """
    found = folder if _complete(folder) else _latest_version(folder)
    return found if found is not None and (found / "features.json").exists() else None


def _complete(folder: Any) -> bool:
    return bool((folder / "dataset_info.json").exists())


def _latest_version(parent: Any) -> Any:
    """The folder of the latest version prepared in ``parent``, or None."""
    if not parent.exists():
        return None
    versions = [folder for folder in parent.iterdir() if re.fullmatch(r"\d+\.\d+\.\d+", folder.name)]
    versions = sorted(
        filter(_complete, versions), key=lambda folder: [int(number) for number in folder.name.split(".")]
    )
    return versions[-1] if versions else None


def _warn_of_configurations(name: str, builder: Any) -> None:
    """Says which of several configurations is used, if neither the user nor the dataset names one."""
    configs = [config.name for config in getattr(builder, "BUILDER_CONFIGS", ())]
    declared = getattr(builder, "DEFAULT_BUILDER_CONFIG_NAME", None) is not None
    if len(configs) < 2 or "/" in name or declared or builder.builder_config is None:
        return
    chosen = builder.builder_config.name
    others = [config for config in configs if config != chosen]
    shown = ", ".join(others[:8]) + (", ..." if len(others) > 8 else "")
    text = f"dataset {name!r}: used the first of its {len(configs)} configurations, {name}/{chosen}; others are {shown}"
    warn(text)


def _other_configurations(builder: Any) -> str:
    """Which other configurations are prepared, as the end of a message."""
    if builder.builder_config is None:
        return ""
    parent = builder.data_path.parent.parent
    folders = sorted(parent.iterdir()) if parent.exists() else []
    names = [f"{builder.name}/{folder.name}" for folder in folders if _latest_version(folder) is not None]
    return f" (prepared there: {', '.join(names)})" if names else ""
