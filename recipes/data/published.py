"""load_published: Data from a prepared TFDS dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...callbacks.checks import InvalidArgument
from ...callbacks.warning import warn
from ..files import cache_folder
from .assembly import assemble
from .dataset import Data
from .declared import as_declared
from .disk import on_disk
from .splitting.split_columns import separate_columns
from .tfds import reading
from .tfds.selection import Selection, select
from .tfds.unlabelled import has_labels, without_unlabelled
from .weights import check_weights

__all__ = ["load_published"]


def load_published(
    builder: Any,
    name: str,
    *,
    choices: Mapping[str, Any],
    split: str | None,
    validation: float | str | None,
    test: float | str,
    image_size: tuple[int, int] | None,
    memory: float,
    **options: Any,
) -> Data:
    """The Data of a dataset that TFDS has prepared.

    Args:
        builder: a prepared ``tfds.core.DatasetBuilder``.
        name: name of the dataset.
        choices: ``target``, ``features``, ``exclude``, ``sample_weight``, ``groups``, ``time`` and ``stratify`` of
            :func:`recipes.data.load`.
        split, validation, test, image_size, memory, **options: as there.

    Raises:
        InvalidArgument: as there.
    """
    from . import embedded

    info = builder.info
    selection = select(name, info, **choices)
    reading.check_sizes(name, selection, image_size)
    sources = _splits(builder, name, selection, {"train": split, "validation": validation, "test": test})
    images = any(source.kind == "image" for source in selection.inputs)
    size = image_size if images else None
    to_read = selection.to_read
    needed = reading.needed_memory(info, to_read, list(sources.values()), size)
    if needed > memory * on_disk.available_memory():
        folder = cache_folder() / "decoded"
        read = {
            key: reading.read_to_disk(builder, to_read, source, size, folder, needed) for key, source in sources.items()
        }
    else:
        read = {key: reading.read(builder, to_read, source, size) for key, source in sources.items()}
    read = without_unlabelled(read, selection, name)
    splits, declared = as_declared(read, selection)
    weights = None
    if selection.weight is not None:
        columns = {key: targets[selection.weight.name] for key, (_, targets) in read.items()}
        weights = {key: check_weights("sample_weight", column, len(column)) for key, column in columns.items()}
    single = not selection.record
    by = {
        role: {key: targets[source.name] for key, (_, targets) in read.items()} for role, source in selection.by.items()
    }
    splits, split_columns, _ = separate_columns(splits, by)
    spec, arrays, settings, weights, split_columns = assemble(
        splits,
        weights=weights,
        columns=split_columns,
        name=name,
        validation=None if isinstance(validation, str) else validation,
        test=0.2 if isinstance(test, str) else test,
        feature_names=embedded.FEATURE_NAMES.get(name, ()) if single and choices["features"] is None else (),
        argument=f"dataset {name!r}",
        kinds={"" if single else source.name: source.declared_kind or source.kind for source in selection.inputs},
        classes={source.name: len(source.names) for source in selection.inputs if source.names},
        resized=["" if single else source.name for source in selection.inputs if source.kind == "image" and size],
        declared=declared,
        target=selection.targets[0].name,
        **options,
    )
    settings |= {role: source.name for role, source in selection.by.items()}
    for key, source in sources.items():
        if key != "train":
            settings[key] = f"published {source}"
    chosen = {"task": options["task"], **choices, "image_size": image_size, "split": split}
    chosen |= {key: value for key, value in (("validation", validation), ("test", test)) if isinstance(value, str)}
    chosen |= {key: options[key] for key in ("duplicates", "small_classes") if key in options}
    chosen = {key: value for key, value in chosen.items() if value}
    if builder.builder_config is not None:
        settings["config"] = builder.builder_config.name
    settings = {"version": str(info.version), **settings, **({"options": chosen} if chosen else {})}
    return Data(spec, arrays, settings, weights, split_columns)


def _splits(builder: Any, name: str, selection: Selection, asked: Mapping[str, Any]) -> dict[str, str]:
    """Split -> the split of TFDS to read for it; a split that is to be held out is missing.

    Args:
        builder: a prepared builder.
        name: name of the dataset, for messages.
        selection: names the targets.
        asked: split -> the user's split of TFDS, such as "train[:20%]", or anything else.
    """
    published = {split: builder.info.splits[split].num_examples for split in builder.info.splits}
    train = asked["train"]
    if train is None and not published.get("train"):
        listed = sorted(published)
        accepted = f"a dataset with a split 'train', or split= one of {listed}; {name!r} has {listed}"
        raise InvalidArgument("name", name, accepted)
    sources = {"train": train or "train"}
    if train is not None:
        _parts(builder, "split", train)
    for split in ("validation", "test"):
        if isinstance(asked[split], str):
            _parts(builder, split, asked[split])
            sources[split] = asked[split]
    _check_disjoint(builder, sources)
    if "test" in sources:
        return sources
    unlabelled = []
    for split in ("test", "validation"):
        if not published.get(split) or _overlapping(builder, {**sources, "test": split}):
            continue
        if has_labels(builder, selection, split, sources["train"]):
            sources["test"] = split
            break
        unlabelled.append(split)
    if unlabelled:
        shown, verb = " and ".join(map(repr, unlabelled)), "have" if len(unlabelled) > 1 else "has"
        instead = f"of {sources['test']!r}" if "test" in sources else f"held out of {sources['train']!r}"
        text = f"dataset {name!r}: split {shown} {verb} no labels; the test examples are {instead}"
        warn(text)
    return sources


def _check_disjoint(builder: Any, sources: Mapping[str, str]) -> None:
    pair = _overlapping(builder, sources)
    if pair is not None:
        first, second = pair
        accepted = f"without examples of {first} split {sources[first]!r}"
        raise InvalidArgument(second, sources[second], accepted)


def _overlapping(builder: Any, sources: Mapping[str, str]) -> tuple[str, str] | None:
    """Two splits that share examples, or None."""
    parts = {split: _parts(builder, split, source) for split, source in sources.items()}
    for second in parts:
        for first in parts:
            if first == second:
                break
            for file, start, end in parts[first]:
                if any(file == other and start < stop and begin < end for other, begin, stop in parts[second]):
                    return first, second
    return None


def _parts(builder: Any, argument: str, split: str) -> list[tuple[str, int, int]]:
    """The examples of a split: (file, first, one after the last)."""
    try:
        instructions = builder.info.splits[split].file_instructions
    except Exception as error:  # TFDS raises errors of several kinds
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:150]
        listed = ", ".join(sorted(builder.info.splits))
        accepted = f"a split of {builder.info.name} ({listed}) or a part of one, as 'train[:20%]' ({reason})"
        raise InvalidArgument(argument, split, accepted) from None
    parts = [
        (
            str(instruction.filename),
            instruction.skip,
            instruction.examples_in_shard if instruction.take < 0 else instruction.skip + instruction.take,
        )
        for instruction in instructions
    ]
    if not parts:
        raise InvalidArgument(argument, split, "a split with examples")
    return parts
