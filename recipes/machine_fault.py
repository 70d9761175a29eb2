"""MachineFault: what the machine does to a training, which is no result of it."""

from __future__ import annotations

from collections.abc import Iterator

from ..callbacks.checks import InvalidArgument
from .signals import received

__all__ = ["MachineFault", "in_words", "is_of_machine", "lacks_memory"]

OF_TENSORFLOW = ("NotFoundError", "PermissionDeniedError", "DataLossError", "UnavailableError", "AlreadyExistsError")
"""TensorFlow's errors about files and machines."""

OF_MEMORY = {
    ImportError: ("failed to map segment", "annot allocate memory"),
    RuntimeError: ("can't start new thread", "bad_alloc", "annot allocate memory", "emory allocation failed"),
    SystemError: ("error return without exception set", "returned NULL without setting an exception"),
}
"""Errors of Python, with words that they have when there is no memory: to load a library, for a thread, in C code."""

LOST = "REPLACED BY KeyboardInterrupt"
"""What pybind11 says if a signal arrived while C++ was raising another error."""

OF_HOST = "device:CPU"
"""What TensorFlow's error says if it was the machine's memory that did not suffice, and not that of an accelerator."""


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
        if not isinstance(cause, str):
            lacking = lacks_memory(cause) and not isinstance(cause, MemoryError)
            cause = f"{'out of memory: ' * lacking}{type(cause).__name__}: {cause}"
        text = " ".join(cause.split())[:500]
        after = "the same call goes on once that is mended"
        super().__init__(f"the search stopped in {key}, of which nothing is recorded: {text}; {after}")
        self._arguments = (key, text)

    def __reduce__(self) -> tuple[type[MachineFault], tuple[str, str]]:
        return MachineFault, self._arguments


def is_of_machine(error: BaseException) -> bool:
    """Whether an error that a training raised is a fault of the machine and not of what was trained.

    Too little memory is the machine's fault, which other programs share; that of an accelerator is the training's own
    limit. What was raised while there was no memory is the machine's, whatever it says. So is what was raised after a
    signal that asks a command to end, which C code may replace by any error of its own, and a SystemError.

    Example:
        >>> is_of_machine(MemoryError()), is_of_machine(ZeroDivisionError())
        (True, False)
    """
    if received or isinstance(error, (OSError, SystemError)) or lacks_memory(error):
        return True
    if isinstance(error, InvalidArgument) and isinstance(error.__context__, OSError):
        return True  # an argument that is refused for what the file system says
    name, text = type(error).__name__, str(error)
    if isinstance(error, RuntimeError) and LOST in text:
        return True
    return type(error).__module__.startswith("tensorflow") and (
        name in OF_TENSORFLOW or "No space left" in text or (name == "ResourceExhaustedError" and OF_HOST in text)
    )


def in_words(error: BaseException) -> str:
    """What a fault of the machine says, for a message of one line.

    Example:
        >>> in_words(MemoryError()), in_words(SystemError("error return without exception set"))
        ('out of memory', 'out of memory: error return without exception set')
    """
    if isinstance(error, MemoryError):
        return str(error) or "out of memory"
    return ("out of memory: " if lacks_memory(error) else "") + (str(error) or type(error).__name__)


def lacks_memory(error: BaseException) -> bool:
    """Whether an error says that there is too little memory, or follows one that does."""
    if isinstance(error, MemoryError):
        return True
    for kind, words in OF_MEMORY.items():
        if isinstance(error, kind) and any(word in str(error) for word in words):
            return True
    return any(isinstance(earlier, MemoryError) for earlier in _earlier(error))


def _earlier(error: BaseException | None) -> Iterator[BaseException]:
    """The errors that led to this one, the latest first."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error = error.__cause__ or error.__context__
        if error is not None:
            yield error
