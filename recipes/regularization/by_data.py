"""regularizers_for: the default regularizers for the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..data.spec import Spec

__all__ = ["regularizers_for"]


def regularizers_for(spec: Spec | None = None, *, noise: bool = True) -> tuple[str, ...]:
    """The names of the regularizers that suit the data: what "if needed" means in the default setup.

    Early stopping always. With tables, dropout too: most have few rows, and of all single changes it helped most on
    real tables that nothing was chosen on (``results/defaults.csv``).

    Args:
        spec: of the data; None (default) if unknown.
        noise: whether the optimizer can follow a loss with random noise. Default True.

    Example:
        >>> regularizers_for()
        ('early_stopping',)
    """
    return (
        ("early_stopping", "dropout") if noise and spec is not None and spec.kind == "tabular" else ("early_stopping",)
    )
