"""FitData: every kind of data that Keras' fit takes, read alike."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks import InvalidArgument
from callbacks.fit_data import FitData, check_lengths
from tests.callbacks.kinds_of_data import ENDLESS, ERRORS, KINDS, SIZE, Batches, W, X, Y, dataset, generator, linear


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_the_same_batches_in_order(kind):
    batches = list(FitData(KINDS[kind](), batch_size=SIZE).batches())
    assert [len(x) for x, _, _ in batches] == [6, 6, 6, 2]
    for parts, expected in zip(zip(*batches, strict=True), (X, Y, W), strict=True):
        np.testing.assert_allclose(np.concatenate([np.asarray(part) for part in parts]), expected, rtol=1e-6)


@pytest.mark.parametrize("kind", [*KINDS, *ENDLESS])
def test_the_first_batch_is_as_a_training_step_gets_it(kind):
    x, y, weights = FitData({**KINDS, **ENDLESS}[kind](), batch_size=SIZE).first()
    for part, expected in zip((x, y, weights), (X, Y, W), strict=True):
        np.testing.assert_allclose(np.asarray(part), expected[:SIZE], rtol=1e-6)


@pytest.mark.parametrize(
    ("kind", "count", "endless"),
    [
        ("arrays", 4, False),
        ("tf.data", 4, False),
        ("tf.data of unknown size", None, False),
        ("PyDataset", 4, False),
        ("DataLoader", 4, False),
        ("generator", None, False),
        ("tf.data without end", None, True),
        ("PyDataset without end", None, True),
    ],
)
def test_how_many_batches_there_are(kind, count, endless):
    data = FitData({**KINDS, **ENDLESS}[kind](), batch_size=SIZE)
    assert (data.num_batches, data.endless) == (count, endless)


def test_how_often_it_can_be_read():
    for kind in ("arrays", "tf.data", "tf.data of unknown size", "PyDataset", "DataLoader"):
        data = FitData(KINDS[kind](), batch_size=SIZE).check_passes()
        assert [len(list(data.batches())) for _ in range(2)] == [4, 4]
    with pytest.raises(InvalidArgument, match=r"data must be readable several times, but an iterator or generator can"):
        FitData(generator()).check_passes()
    for make in ENDLESS.values():
        with pytest.raises(InvalidArgument, match=r"data must be finite, but this has no end: a tf.data"):
            FitData(make()).check_passes()


def losses(model, data, steps):
    """The weighted loss of each batch, with the weights as they are."""
    model.optimizer.learning_rate = 0.0
    seen = []

    class Note(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.reset_metrics()

        def on_train_batch_end(self, batch, logs=None):
            seen.append(logs["loss"])

    model.fit(data, steps_per_epoch=steps, verbose=0, shuffle=False, callbacks=[Note()])
    return seen


EXPECTED = [float(np.mean((W * ERRORS)[start : start + SIZE])) for start in range(0, 20, SIZE)]


@pytest.mark.parametrize("kind", ["tf.data", "tf.data of unknown size", "PyDataset", "DataLoader", *ENDLESS])
@pytest.mark.ordinarily("tf.data of unknown size", "PyDataset", "tf.data without end")
def test_repeated_for_fit(kind):
    data = FitData({**KINDS, **ENDLESS}[kind]()).repeated()
    assert losses(linear(), data, 9) == pytest.approx((EXPECTED * 3)[:9], rel=1e-5)


def test_a_generator_gives_what_it_has():
    assert losses(linear(), FitData(generator()).repeated(), 4) == pytest.approx(EXPECTED, rel=1e-5)


def test_arrays_are_shuffled_by_a_seed():
    def order(seed):
        tf.random.set_seed(3)
        return np.concatenate([y for _, y in FitData((X, np.arange(20))).repeated(seed).take(3).as_numpy_iterator()])

    tf.random.set_seed(3)
    rows = tf.data.Dataset.from_tensor_slices(np.arange(20)).shuffle(20, seed=0).batch(20).repeat()
    assert order(0).tolist() == np.concatenate(list(rows.take(3).as_numpy_iterator())).tolist() != order(1).tolist()
    assert sorted(order(0)[20:40].tolist()) == list(range(20))


def test_several_inputs_and_outputs():
    x, y = {"a": X, "b": X[:, :1]}, [Y, -Y]
    (first, *_) = FitData(x, y, sample_weight=W, batch_size=SIZE).batches()
    np.testing.assert_array_equal(first[0]["b"], X[:SIZE, :1])
    assert [part.tolist() for part in first[1]] == [Y[:SIZE].tolist(), (-Y[:SIZE]).tolist()]
    assert [part.tolist() for part in first[2]] == [W[:SIZE].tolist()] * 2  # as Keras: the same for all outputs
    assert FitData(([X, X], Y)).examples == FitData([X, X], targets=False).examples == 20
    (features, targets) = next(iter(FitData(([X, X], Y)).repeated()))
    assert (len(features), targets.shape) == (2, (20, 1))


@pytest.mark.parametrize("labels", [np.arange(20) % 3, np.eye(3)[np.arange(20) % 3], (np.arange(20) % 3)[:, None]])
@pytest.mark.parametrize("batched", [False, True])
@pytest.mark.ordinarily("False-labels0", "True-labels1", "False-labels2")
def test_class_weights_are_those_of_keras(labels, batched):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, "softmax", kernel_initializer="ones")])
    model.compile("sgd", ("sparse_" if labels.shape[-1] != 3 else "") + "categorical_crossentropy")
    model.layers[0].bias.assign([0.0, 1.0, 2.0])
    model.optimizer.learning_rate = 0.0
    weights = {0: 0.5, 2: 3.0}
    expected = model.fit(X, labels, batch_size=20, class_weight=weights, verbose=0).history["loss"]
    data = tf.data.Dataset.from_tensor_slices((X, labels)).batch(20) if batched else (X, labels)
    data = FitData(data, class_weight=weights, batch_size=20)
    assert losses(model, data.repeated(), 1) == pytest.approx(expected, rel=1e-6)
    assert model.evaluate(*data.first()[:2], sample_weight=data.first()[2], verbose=0) == pytest.approx(expected[0])


@pytest.mark.parametrize("kind", ["arrays", "tf.data", "PyDataset"])
@pytest.mark.ordinarily("arrays", "PyDataset")
def test_evaluation(kind):
    model = linear()
    loss, mae = model.evaluate(**FitData(KINDS[kind](), batch_size=SIZE).evaluation(), verbose=0)
    assert loss == pytest.approx(np.mean(W * ERRORS), rel=1e-5)
    assert mae == pytest.approx(np.sum(W * np.sqrt(ERRORS)) / W.sum(), rel=1e-5)


MASKED = np.ma.masked_array(X, np.eye(20, 3))
NO_ROWS = tf.data.Dataset.from_tensor_slices((X[:0], Y[:0])).batch(2)


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (X, {}, "data must be a tf.data.Dataset, keras.utils.PyDataset or PyTorch DataLoader of batches or arrays "),
        ((X, None), {}, r"or arrays \(x, y\) or \(x, y, weights\). Received: data="),
        ((X, Y, W, W), {}, r"or arrays \(x, y\) or \(x, y, weights\). Received: data="),
        ((), {}, r"or arrays \(x, y\) or \(x, y, weights\). Received: data=\(\)"),
        (None, {}, "Received: data=None"),
        ("mnist", {"targets": False}, r"or arrays x, \(x, y\) or .* Received: data='mnist'"),
        ((X, 3), {}, "data must be"),
        (([[1.0], [2.0, 3.0]], [0, 1]), {}, "data must be"),
        ((np.array([None, 1, 2]), [0, 1, 2]), {}, "data must be"),
        ((X, Y[:5]), {}, r"data must be arrays of the same length, at least 1. Received: data=\(20, 5\)"),
        ((X, Y, W[:5]), {}, r"Received: data=\(20, 20, 5\)"),
        (({"a": X, "b": X[:4]}, Y), {}, r"Received: data=\(20, 4, 20\)"),
        ((X[:0], Y[:0]), {}, r"Received: data=\(0, 0\)"),
        ((MASKED, Y), {}, r"data\[0\] must be without a mask, but 3 of 60 values are masked"),
        (X, {"y": Y, "sample_weight": np.ma.masked_array(W, W > 1)}, "sample_weight must be without a mask"),
        (dataset(), {"y": Y}, "y must be None if data comes in batches, which have their own"),
        (Batches(), {"sample_weight": W}, "sample_weight must be None if data comes in batches"),
        (NO_ROWS, {}, "DataLoader of batches .*, not empty"),
        ((X, Y), {"batch_size": 0}, "batch_size must be an integer >= 1"),
        ((X, Y), {"argument": "validation_data", "sample_weight": W[:3]}, "validation_data must be"),
    ],
)
def test_what_is_no_data(data, options, message):
    with pytest.raises(InvalidArgument, match=message) as error:
        FitData(data, **options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "data", [(batch for batch in ()), NO_ROWS.filter(lambda x, y: True)], ids=["generator", "unknown size"]
)
def test_what_turns_out_to_be_empty(data):
    with pytest.raises(InvalidArgument, match=r"data must be .*, not empty"):
        FitData(data).first()
    with pytest.raises(InvalidArgument, match=r"data must be .*, not empty"):
        FitData(batch for batch in ()).repeated()


def test_weights_that_do_not_suit():
    for data in ((X, Y, W), (X, [Y, Y])):
        with pytest.raises(InvalidArgument, match="class_weight must be None unless the data has one target and no"):
            FitData(data, class_weight={0: 2.0}).first()
    with pytest.raises(InvalidArgument, match=r"of batches x, \(x, y\) or \(x, y, weights\)"):
        FitData((X, Y, W, W) for _ in range(2)).first()


def test_sparse_arrays_are_for_keras_alone():
    scipy = pytest.importorskip("scipy.sparse")
    for x in (scipy.csr_matrix(X), tf.sparse.from_dense(X)):
        data = FitData((x, Y))
        assert data.evaluation()["x"] is x
        for refused in (data.first, data.repeated):
            with pytest.raises(InvalidArgument, match=r"data must be dense, if arrays: a tf.data"):
                refused()


def test_lengths():
    assert check_lengths("data", ([np.zeros(3)], None, np.zeros((3, 1)))) == 3
    with pytest.raises(InvalidArgument, match=r"x must be arrays of the same length, at least 1. Received: x=\(3, 2\)"):
        check_lengths("x", (np.zeros(3), np.zeros(2)))


@pytest.mark.thorough
def test_a_real_data_loader():
    torch = pytest.importorskip("torch")
    rows = torch.utils.data.TensorDataset(*map(torch.from_numpy, (X, Y, W)))
    data = FitData(torch.utils.data.DataLoader(rows, batch_size=SIZE))
    assert losses(linear(), data.repeated(), 8) == pytest.approx(EXPECTED * 2, rel=1e-5)


def test_a_sample_of_arrays_is_random_and_of_batches_the_first():
    x, y = np.arange(100.0), np.arange(100)
    data = FitData((x, y), batch_size=8)
    batches = data.sample(20)
    assert [len(batch) for batch, _, _ in batches] == [8, 8, 4]
    drawn = np.concatenate([batch for batch, _, _ in batches])
    assert len(set(drawn)) == 20
    assert drawn.max() > 60
    assert np.array_equal(drawn, np.concatenate([labels for _, labels, _ in batches]))
    assert data.inputs is not None
    assert np.array_equal(data.targets, y)
    ordered = FitData(tf.data.Dataset.from_tensor_slices((x, y)).batch(8))
    assert np.array_equal(np.concatenate([batch for batch, _, _ in ordered.sample(20)]), np.arange(24.0))
    assert ordered.targets is None


@pytest.mark.parametrize("dtype", ["datetime64[D]", "timedelta64[s]", [("a", "i4"), ("b", "f4")]])
def test_arrays_that_are_no_tensors_are_refused(dtype):
    with pytest.raises(InvalidArgument, match=r"^data must be "):
        FitData(np.zeros(3, dtype), np.zeros(3))


@pytest.mark.parametrize("batches", [iter("abc"), iter([5, 6]), iter([(np.zeros((2, 3)), 1.0)])])
def test_batches_of_anything_but_arrays_are_refused(batches):
    with pytest.raises(InvalidArgument, match=r"in arrays\. Received: data='a batch of (str|int|float)'"):
        FitData(batches, targets=False).sample(10)
