"""serving_notes: how to serve an export with TensorFlow Serving, with a request that runs, as Markdown."""

from __future__ import annotations

import base64
import datetime
import json
import re
from typing import Any

from ..data.feature import Feature
from ..data.spec import Spec
from .image_bytes import decodable
from .pixels import Pixels
from .signatures import IMAGES, LABELS, RECORDS, encoded_features
from .warm_up import black_png

__all__ = ["example_request", "serving_notes"]

LONGEST = 64
"""Maximum number of values of an example in a request."""

DAY = datetime.datetime(2020, 1, 31, 13, 30)


def example_request(spec: Spec) -> dict[str, Any] | None:
    """A request of the REST interface as JSON: a signature and one instance; None where that would be too long.

    Numbers are the means of training, categories their commonest value, images black.

    Args:
        spec: of the data of an exported model.

    Example:
        >>> example_request(spec)                                                    # doctest: +SKIP
        {'signature_name': 'records', 'instances': [{'age': 31.5, 'town': 'Ulm'}]}
    """
    instance: Any
    if spec.record:
        encoded = encoded_features(spec)
        arguments = spec.names.arguments
        instance = {
            arguments[feature.name] + "_bytes" * (feature in encoded): _b64(feature.shape, feature.dtype)
            if feature in encoded
            else _value(feature)
            for feature in spec.features
        }
        return None if None in instance.values() else {"signature_name": RECORDS, "instances": [instance]}
    if spec.kind == "image" and decodable(Pixels.of(spec), spec.input_shape[-1]):
        return {"signature_name": IMAGES, "instances": [_b64(spec.input_shape, spec.input_dtype)]}
    if spec.feature_names:
        means = zip(spec.names.arguments.values(), spec.input_mean, strict=True)
        record = {argument: _rounded(mean, spec.input_dtype) for argument, mean in means}
        return {"signature_name": RECORDS, "instances": [record]} if len(record) <= LONGEST else None
    if spec.kind == "tabular":
        instance = [_rounded(mean, spec.input_dtype) for mean in spec.input_mean]
        instance = instance if len(instance) <= LONGEST else None
    else:
        instance = _value(spec.features[0]) if spec.features else None
    name = LABELS if spec.class_names else "serving_default"
    return None if instance is None else {"signature_name": name, "instances": [instance]}


def serving_notes(spec: Spec, version: int) -> str:
    """Markdown on serving an export with the official image of TensorFlow Serving, and on asking it in Python.

    Args:
        spec: of the data of the model.
        version: the name of the SavedModel's folder.
    """
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", spec.name).strip("_") or "model"
    lines = [
        f"# Serving {name}",
        "",
        f"Folder `{version}/` is a SavedModel; a server takes the highest version beside it. In this directory:",
        "",
        "```",
        f'docker run --rm -p 8501:8501 -v "$PWD:/models/{name}" -e MODEL_NAME={name} tensorflow/serving',
        "```",
        "",
    ]
    request = example_request(spec)
    if request is not None:
        text = json.dumps(request, ensure_ascii=False).replace("'", "'\\''")
        lines += ["```", f"curl http://localhost:8501/v1/models/{name}:predict -d '{text}'", "```", ""]
        lines += ["Without a server:", "", "```python", *_in_python(request, version), "```", ""]
    lines += ["| signature | takes | returns |", "|---|---|---|", *_rows(spec), ""]
    if spec.record or spec.feature_names:
        renamed = {user: argument for user, argument in spec.names.arguments.items() if user != argument}
        if renamed:
            shown = ", ".join(f"{user!r} is `{argument}`" for user, argument in renamed.items())
            lines += [f"Columns that have another name in requests: {shown}.", ""]
    lines += [
        f"`{version}/assets.extra/tf_serving_warmup_requests` has a request for each signature, which the server makes"
        " before it serves the model.",
        "",
    ]
    return "\n".join(lines)


def _in_python(request: dict[str, Any], version: int) -> list[str]:
    """The request made by TensorFlow alone, line by line."""
    (instance,) = request["instances"]
    by_name = isinstance(instance, dict) and "b64" not in instance
    values = instance if by_name else {"": instance}
    encoded = any(isinstance(value, dict) for value in values.values())
    sources = {name: _source(value) for name, value in values.items()}
    row = [f"    {name!r}: {source}," for name, source in sources.items()]
    return [
        *(["import base64", ""] if encoded else []),
        "import tensorflow as tf",
        "",
        *(["# images are the contents of files: here a black one, or open(NAME, 'rb').read()"] if encoded else []),
        *(["row = {", *row, "}"] if by_name else [f"example = {sources['']}"]),
        f'answer = tf.saved_model.load("{version}").signatures["{request["signature_name"]}"]',
        "taken = answer.structured_input_signature[1]  # each argument: its type, and its shape for a whole batch",
        *([] if by_name else ["row = dict.fromkeys(taken, example)  # a single argument"]),
        "outputs = answer(**{name: tf.constant([value], taken[name].dtype) for name, value in row.items()})",
        "print({name: value.numpy().tolist() for name, value in outputs.items()})",
    ]


def _source(value: Any) -> str:
    """A value of a request in Python."""
    return f"base64.b64decode({value['b64']!r})" if isinstance(value, dict) else repr(value)


def _rows(spec: Spec) -> list[str]:
    answers = {
        "regression": "`prediction`",
        "multilabel": "`classes`, `scores`, `chosen`: all labels, the likeliest first",
    }
    answer = answers.get(spec.task, "`prediction`, `probability`; `classes`, `scores`: the likeliest five")
    raw = "each column by name" if spec.record else "raw inputs as one array"
    outputs = "numbers" if spec.task == "regression" else "probabilities"
    rows = [f"| `serving_default` | {raw} | {outputs} |"]
    if spec.class_names:
        rows.append(f"| `labels` | {raw} | {answer} |")
    if spec.record or spec.feature_names:
        encoded = ", ".join(f"`{spec.names.arguments[f.name]}_bytes`" for f in encoded_features(spec))
        bytes_of = f"; images encoded, in base64: {encoded}" if encoded else ""
        rows.append(f"| `records` | each column by name{bytes_of} | {answer} |")
    if spec.kind == "image" and decodable(Pixels.of(spec), spec.input_shape[-1]):
        rows.append(f'| `images` | `image_bytes`: PNG, JPEG, GIF or WebP, `{{"b64": "..."}}` | {answer} |')
    return [*rows, "| `describe` | nothing | task, class names, columns, arguments, spec |"]


def _b64(shape: Any, dtype: str) -> dict[str, str]:
    """A black image as the REST interface takes binary values."""
    return {"b64": base64.b64encode(black_png(shape, dtype)).decode()}


def _value(feature: Feature) -> Any:
    """A value of a feature; None if it is long."""
    if feature.kind == "date":
        return DAY.strftime(feature.format)
    if feature.kind == "number" and feature.format:
        return f"1{feature.format}5"
    if feature.kind == "number":
        return _rounded(feature.mean[0], feature.dtype)
    if feature.kind == "category":
        return feature.vocabulary[0] if feature.vocabulary else ("" if feature.dtype == "string" else 0)
    if feature.kind == "text":
        return " ".join(map(str, feature.vocabulary[:4]))
    if feature.kind == "vector" and len(feature.mean) <= LONGEST:
        return [_rounded(mean, feature.dtype) for mean in feature.mean]
    if feature.kind == "sequence" and (feature.length or 1) * len(feature.mean) <= LONGEST:
        steps = feature.shape[0] or 2
        return [[_rounded(mean, feature.dtype) for mean in feature.mean]] * steps
    return None


def _rounded(value: float, dtype: str) -> Any:
    """A number of four digits, of the type."""
    if dtype == "bool":
        return value > 0.5
    return round(value) if "int" in dtype else float(f"{value:.4g}")
