"""MachineFault: what the machine does to a training, which is no result of it."""

from __future__ import annotations

from ..callbacks.checks import InvalidArgument

__all__ = ["MachineFault", "is_of_machine"]

OF_TENSORFLOW = ("NotFoundError", "PermissionDeniedError", "DataLossError", "UnavailableError", "AlreadyExistsError")
"""TensorFlow's errors about files and machines."""

OF_LOADING = ("failed to map segment", "Cannot allocate memory", "cannot allocate memory")
"""What the system says when there is no memory to load a library into."""


class MachineFault(OSError):
    """A fault of the machine stopped a search: a full disk, a missing file, a lost process. Nothing is recorded of it.

    Args:
        key: the training that ran, as in the ledger.
        cause: what happened: an error, or words.

    Example:
        >>> str(MachineFault("adam+l2/tune/0", OSError(28, "No space left on device"))).partition(":")[0]
        'the search stopped in adam+l2/tune/0, of which nothing is recorded'
    """

    def __init__(self, key: str, cause: BaseException | str):
        text = cause if isinstance(cause, str) else f"{type(cause).__name__}: {cause}"
        text = " ".join(text.split())[:500]
        after = "the same call goes on once that is mended"
        super().__init__(f"the search stopped in {key}, of which nothing is recorded: {text}; {after}")
        self._arguments = (key, text)

    def __reduce__(self) -> tuple[type[MachineFault], tuple[str, str]]:
        return MachineFault, self._arguments


def is_of_machine(error: BaseException) -> bool:
    """Whether an error that a training raised is a fault of the machine and not of what was trained.

    Memory that TensorFlow cannot give to a tensor counts as the training's: the next try would end alike.
    """
    if isinstance(error, (OSError, MemoryError)):
        return True
    if isinstance(error, ImportError) and any(words in str(error) for words in OF_LOADING):
        return True
    if isinstance(error, InvalidArgument) and isinstance(error.__context__, OSError):
        return True  # an argument that is refused for what the file system says
    kind = type(error)
    return kind.__module__.startswith("tensorflow") and (
        kind.__name__ in OF_TENSORFLOW or "No space left" in str(error)
    )
