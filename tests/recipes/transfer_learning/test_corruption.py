import numpy as np
import pytest

from recipes.transfer_learning import corrupt

from .parts import people


@pytest.mark.parametrize("share", [0.01, 0.34, 1.0])
def test_bad_records_have_values_of_other_records_in_the_same_columns(share):
    random = np.random.default_rng(1)
    x = random.normal(size=(50, 6)).astype("float32")  # no two values are alike
    bad = random.random(50) < 0.5
    found = np.asarray(corrupt(x, bad, (3, 4), share))
    assert found.shape == x.shape
    np.testing.assert_array_equal(found[~bad], x[~bad])
    changed = found != x
    assert set(changed[bad].sum(axis=1)) == {max(1, round(share * 6))}
    donors = (found[:, None] == x[None]).argmax(axis=1)  # whose value it is, column by column
    for row, column in np.argwhere(changed):
        assert x[donors[row, column], column] == found[row, column]
    several = [row for row in np.flatnonzero(bad) if len(set(donors[row][changed[row]])) > 1]
    assert bool(several) is (share > 0.1)
    assert len(set(donors[changed])) > min(15, changed.sum() // 2)


def test_bad_images_have_tiles_of_other_images():
    x = np.random.default_rng(2).integers(0, 2**31, (20, 9, 6, 3))  # sizes that 4 does not divide
    found = np.asarray(corrupt(x, np.ones(20, bool), (0, 0), 0.25))
    down, across = np.arange(9) * 4 // 9, np.arange(6) * 4 // 6
    tile = down[:, None] * 4 + across
    changed = (found != x).any(axis=-1)
    assert ((found != x).all(axis=-1) == changed).all()  # all channels together
    for image in range(20):
        tiles = set(tile[changed[image]])
        assert len(tiles) == 4
        for each in tiles:
            here = tile == each
            assert changed[image][here].all()
            (donor,) = [k for k in range(20) if np.array_equal(found[image][here], x[k][here])]
            assert donor != image


def test_of_records_whole_columns_are_exchanged():
    x = {key: value[:40] for key, value in people().arrays("train")[0].items()}
    bad = np.arange(40) % 2 == 0
    found = {key: np.asarray(value) for key, value in corrupt(x, bad, (0, 1), share=0.34).items()}
    text = {"city", "country"}
    values = {
        key: np.array([each.decode() for each in value]) if key in text else value for key, value in found.items()
    }
    changed = np.stack([values[key] != x[key] for key in x], axis=1)
    assert not changed[~bad].any()
    assert changed[bad].sum(axis=1).max() == 1
    assert changed[bad].any(axis=0).all()
    assert set(values["height"]) <= set(x["height"])


def test_of_texts_words_are_exchanged_for_those_of_others():
    x = np.array([f"a{n}  b{n} c{n}\nd{n} e{n}" for n in range(30)] + ["", "alone"], object)
    bad = np.append(np.arange(30) % 3 == 0, [True, True])
    found = [each.decode() for each in corrupt(x, bad, (0, 1), share=0.4).numpy()]
    for number, text in enumerate(found[:30]):
        own = x[number].split()
        words = text.split(" ")
        assert len(words) == 5
        kept = [one == other for one, other in zip(words, own, strict=True)]
        assert sum(kept) == (3 if bad[number] else 5)
        assert all(word[1:] != str(number) for word, same in zip(words, kept, strict=True) if not same)
    assert found[30] == ""
    assert found[31] != "alone"
    assert " " not in found[31]
    places = {tuple(a == b for a, b in zip(found[n].split(), x[n].split(), strict=True)) for n in range(0, 30, 3)}
    assert len(places) > 3  # not always the same words


def test_of_padded_sequences_steps_are_exchanged_before_the_padding():
    x = np.full((20, 7, 2), -1.0, "float32")
    lengths = np.arange(20) % 7 + 1
    for row, length in enumerate(lengths):
        x[row, :length] = 100 * row + np.arange(2 * length).reshape(length, 2)
    bad = np.arange(20) < 10
    found = corrupt(x, bad, (2, 3), share=0.5, padding=-1.0).numpy()
    assert found.shape == x.shape
    np.testing.assert_array_equal((found == -1).all(axis=2), (x == -1).all(axis=2))
    changed = (found != x).any(axis=2)
    np.testing.assert_array_equal(changed.sum(axis=1), np.where(bad, np.maximum(1, np.round(lengths / 2)), 0))
    real = {step.tobytes() for row, length in zip(x, lengths, strict=True) for step in row[:length]}
    for row, step in np.argwhere(changed):
        assert found[row, step].tobytes() in real
        assert found[row, step, 0] // 100 != row
