"""The REST interface of TensorFlow Serving by its rules, with the official protocol buffers, in front of a SavedModel.

The server itself is a program in C++ that is not tried here. What is followed is its documentation,
https://www.tensorflow.org/tfx/serving/api_rest: a request has "instances" (row format: one value or object per example)
or "inputs" (column format: one value, or an object of batches by name); {"b64": "..."} stands for bytes; values have to
be of the type of the signature; an answer has "predictions" or "outputs" alike, with the name of an output left out
where it is the only one, and strings of outputs named "..._bytes" in base64.
"""

import base64
import json

import numpy as np
import tensorflow as tf


def post(served, body):
    """The body of the answer to ``POST /v1/models/NAME:predict``; ``ValueError`` where the server says 400."""
    from tensorflow_serving.apis import predict_pb2

    request = json.loads(body)
    if len({"instances", "inputs"} & set(request)) != 1:
        raise ValueError("a request has either instances or inputs")
    name = request.get("signature_name", "serving_default")
    signature = served.signatures[name]
    taken = signature.structured_input_signature[1]
    rows = "instances" in request
    columns = _columns(request["instances"], taken) if rows else _named(request["inputs"], taken)
    if set(columns) != set(taken):
        raise ValueError(f"input keys must be {sorted(taken)}, not {sorted(columns)}")
    message = predict_pb2.PredictRequest()
    message.model_spec.name, message.model_spec.signature_name = "model", name
    for argument, values in columns.items():
        dtype = taken[argument].dtype
        message.inputs[argument].CopyFrom(tf.make_tensor_proto(_tensor(values, dtype), dtype))
    response = predict(served, message.SerializeToString())
    arrays = {output: tf.make_ndarray(tensor) for output, tensor in response.outputs.items()}
    values = {output: _json(output, array.tolist()) for output, array in arrays.items()}
    single = next(iter(values.values())) if len(values) == 1 else None
    if not rows:
        return json.dumps({"outputs": values if single is None else single})
    if single is None:
        count = len(request["instances"])
        assert all(len(array) == count for array in arrays.values())  # or the server cannot tell the rows apart
        single = [{output: listed[row] for output, listed in values.items()} for row in range(count)]
    return json.dumps({"predictions": single})


def predict(served, content):
    """The ``PredictResponse`` to the bytes of a ``PredictRequest``."""
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest.FromString(content)
    tensors = {name: tf.constant(tf.make_ndarray(tensor)) for name, tensor in request.inputs.items()}
    response = predict_pb2.PredictResponse()
    for name, tensor in served.signatures[request.model_spec.signature_name](**tensors).items():
        response.outputs[name].CopyFrom(tf.make_tensor_proto(tensor.numpy()))
    return response


def _columns(instances, taken):
    """Row format: the batch of each argument."""
    objects = [instance for instance in instances if isinstance(instance, dict) and set(instance) != {"b64"}]
    if len(objects) == len(instances):
        return {name: [instance[name] for instance in instances] for name in instances[0]}
    (only,) = taken
    return {only: instances}


def _named(inputs, taken):
    """Column format: the same."""
    if isinstance(inputs, dict) and set(inputs) != {"b64"}:
        return inputs
    (only,) = taken
    return {only: inputs}


def _tensor(values, dtype):
    def checked(value):
        if isinstance(value, list):
            return [checked(item) for item in value]
        if isinstance(value, dict) and set(value) == {"b64"} and dtype == tf.string:
            return base64.b64decode(value["b64"], validate=True)
        kind = str if dtype == tf.string else bool if dtype == tf.bool else int if dtype.is_integer else (int, float)
        if not isinstance(value, kind) or (isinstance(value, bool) and dtype != tf.bool):
            raise ValueError(f"{value!r} is not of type {dtype.name}")
        return value.encode() if dtype == tf.string else value

    return np.array(checked(values), object if dtype == tf.string else dtype.as_numpy_dtype)


def _json(output, values):
    if isinstance(values, list):
        return [_json(output, value) for value in values]
    if isinstance(values, bytes):
        encoded = {"b64": base64.b64encode(values).decode()}
        return encoded if output.endswith("_bytes") else values.decode()
    return values
