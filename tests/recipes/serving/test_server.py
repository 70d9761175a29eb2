"""What a server gets: requests to warm up and a request that runs; TensorFlow Serving's REST rules."""

import ast
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from recipes.serving.serving_notes import example_request
from recipes.serving.warm_up import FILE, neutral_requests

from . import rest
from .served_models import KINDS, served

ORDINARY = ("record, multilabel", "table, multiclass")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.ordinarily(*ORDINARY)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_warm_up_request_is_answered(served_folder, kind):
    one = served(kind, served_folder)
    requests = neutral_requests(Path(one.folder, "1"), one.predictor.spec)
    assert set(requests) == set(one.predictor.signatures) - {"describe"}
    for name, tensors in requests.items():
        for output, value in one.predictor.signatures[name](**{k: tf.constant(v) for k, v in tensors.items()}).items():
            assert len(value) == 1, output
    logs = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    records = [record.numpy() for record in tf.data.TFRecordDataset(str(Path(one.folder, "1", FILE)))]
    assert len(records) == len(requests)
    for record in records:
        request = logs.PredictionLog.FromString(record).predict_log.request
        assert request.model_spec.name == kind
        assert set(request.inputs) == set(requests[request.model_spec.signature_name])
        assert rest.predict(one.predictor, request.SerializeToString()).outputs


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.ordinarily(*ORDINARY)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_request_of_the_notes_runs(served_folder, kind):
    pytest.importorskip("tensorflow_serving")
    one = served(kind, served_folder)
    notes = Path(one.folder, "SERVING.md").read_text()
    (command,) = [line for line in notes.splitlines() if line.startswith("curl ")]
    url, body = [word for word in shlex.split(command) if "/v1/models/" in word or word.startswith("{")]
    assert url.endswith(":predict")
    assert json.loads(body) == example_request(one.predictor.spec)
    assert len(json.loads(rest.post(one.predictor, body))["predictions"]) == 1
    for name in set(one.predictor.signatures) - {"serve"}:
        assert f"| `{name}` |" in notes


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.ordinarily("record, multilabel")
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_python_of_the_notes_answers_as_the_server(served_folder, kind, monkeypatch, capsys):
    pytest.importorskip("tensorflow_serving")
    one = served(kind, served_folder)
    monkeypatch.chdir(one.folder)
    (source,) = re.findall(r"```python\n(.*?)```", Path("SERVING.md").read_text(), flags=re.DOTALL)
    exec(source, {})
    printed = ast.literal_eval(capsys.readouterr().out.replace("nan", "None"))
    (answer,) = json.loads(rest.post(one.predictor, json.dumps(example_request(one.predictor.spec))))["predictions"]
    answer = answer if isinstance(answer, dict) else dict.fromkeys(printed, answer)
    assert set(printed) == set(answer)
    for name, (value,) in printed.items():
        texts = [text.decode() for text in np.ravel(value) if isinstance(text, bytes)]
        if texts:
            assert texts == np.ravel(answer[name]).tolist()
        else:
            np.testing.assert_allclose(np.array(value, float), np.array(answer[name], float), rtol=1e-6)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_rows_and_columns_get_the_same_answer(served_folder):
    pytest.importorskip("tensorflow_serving")
    one = served("record, multilabel", served_folder)
    arguments = one.predictor.spec.names.arguments
    frame = one.x.fillna(1.5)
    columns = {arguments[name]: frame[name].tolist() for name in frame}
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    for signature in ("records", "labels", "serving_default"):
        request = {"signature_name": signature, "instances": rows}
        by_row = json.loads(rest.post(one.predictor, json.dumps(request)))["predictions"]
        request = {"signature_name": signature, "inputs": columns}
        by_column = json.loads(rest.post(one.predictor, json.dumps(request)))["outputs"]
        if signature == "serving_default":  # a single output has no name
            assert by_row == by_column
            np.testing.assert_allclose(by_row, one.predictor.scores(frame), rtol=1e-6)
        else:
            assert {name: [row[name] for row in by_row] for name in by_column} == by_column
    with pytest.raises(ValueError, match="not of type"):
        rest.post(one.predictor, json.dumps({"signature_name": "records", "inputs": {**columns, "Gr__e": ["x"] * 7}}))
