import numpy as np

from recipes.data.examples import load_examples, raw_examples, save_examples


def test_examples_come_back(tmp_path):
    texts = np.array(["a", "", "Köln", "x\0"], object)
    records = {"a/b": np.array([1.5, np.nan, 2, 3]), "": texts, "年龄": np.array([True, False, True, False])}
    for x in (records, texts, np.arange(24, dtype="uint8").reshape(2, 3, 4, 1)):
        save_examples(tmp_path / "examples.npz", x)
        back = load_examples(tmp_path / "examples.npz")
        pairs = zip(x.items(), back.items(), strict=True) if isinstance(x, dict) else [(("", x), ("", back))]
        for (name, array), (same_name, same) in pairs:
            assert name == same_name
            assert array.dtype == same.dtype
            assert array.tolist() == same.tolist() or np.array_equal(array, same, equal_nan=True)


def test_examples_are_from_all_over_the_split_and_not_too_large():
    assert raw_examples(np.arange(5)).tolist() == [0, 1, 2, 3, 4]
    chosen = raw_examples({"x": np.arange(1000)})["x"]
    assert len(chosen) == 256
    assert (chosen[0], chosen[-1]) == (0, 999)
    assert len(raw_examples(np.zeros((100, 2**18, 1), "float32"))) == 16
    assert len(raw_examples(np.broadcast_to(np.float32(0), (100, 2**23)))) == 8
