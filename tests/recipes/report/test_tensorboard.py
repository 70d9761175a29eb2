"""TensorBoard reads what was written: every training with its values and its curves."""

import math

import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

import recipes
from recipes.report.tensorboard import write_tensorboard


def test_hparams_and_curves(make, tmp_path):
    results = make(optimizers=("momentum", "adam"), regularizers=("none", "l2"), trials=2, epochs=3, seeds=2)
    write_tensorboard(results, tmp_path / "logs")
    rows = results.trials.to_dict("records")
    folders = {f"{row['arm']}/{row['stage']}/{row['trial']}" for row in rows}
    found = {str(path.parent.relative_to(tmp_path / "logs")) for path in (tmp_path / "logs").rglob("events*")}
    assert found == {*folders, "."}
    row = next(row for row in rows if row["regularizer"] == "l2" and not row["diverged"] and row["stage"] == "tune")
    events = EventAccumulator(str(tmp_path / "logs" / f"{row['arm']}/tune/{row['trial']}")).Reload()
    content = events.PluginTagToContent("hparams")["_hparams_/session_start_info"]
    values = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info.hparams
    assert values["optimizer"].string_value == row["optimizer"]
    assert values["learning_rate"].number_value == pytest.approx(row["learning_rate"])
    assert values["l2.strength"].number_value == pytest.approx(row["l2.strength"])
    curve = results.epochs[
        (results.epochs["arm"] == row["arm"])
        & (results.epochs["stage"] == "tune")
        & (results.epochs["trial"] == row["trial"])
    ]
    tensors = events.Tensors("val_loss")
    assert [each.step for each in tensors] == [1, 2, 3]
    assert [float(tf.make_ndarray(each.tensor_proto)) for each in tensors] == pytest.approx(
        list(curve["val_loss"]), rel=1e-6
    )
    assert "test_score" not in events.Tags()["tensors"]
    assert math.isnan(row["test_score"])


def test_a_directory_that_is_taken(make, tmp_path):
    (tmp_path / "mine").write_text("something")
    with pytest.raises(recipes.InvalidArgument, match="tensorboard must be a new or empty directory"):
        write_tensorboard(make(optimizers=("momentum",), regularizers=("none",)), tmp_path)
