"""of_keras: this package's regularizer in place of a Keras penalty."""

from __future__ import annotations

from typing import Any

import keras

__all__ = ["of_keras"]

KINDS = (keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2)


def of_keras(value: Any) -> Any:
    """The choice that puts the same penalty on all kernels as Keras' L1, L2 or L1L2; any other value as it is.

    Args:
        value: an object or a class, which has Keras' default strength.

    Example:
        >>> of_keras(keras.regularizers.L2(0.5)), of_keras(keras.regularizers.L1)
        ({'name': 'l2', 'strength': 1.0}, {'name': 'l1', 'strength': 0.01})
        >>> of_keras("dropout")
        'dropout'
    """
    if value in KINDS if isinstance(value, type) else type(value) in KINDS:
        penalty = value() if isinstance(value, type) else value
        l1, l2 = (float(f"{float(getattr(penalty, name, 0.0)):.7g}") for name in ("l1", "l2"))
        if isinstance(penalty, keras.regularizers.L1):
            return {"name": "l1", "strength": l1}
        if isinstance(penalty, keras.regularizers.L2):
            return {"name": "l2", "strength": 2 * l2}  # half the squares here
        return {"name": "elastic_net", "l1": l1, "l2": 2 * l2}
    return value
