"""Decoded arrays in the cache folder: what is damaged there is decoded again."""

import json
import shutil

import numpy as np
import pytest

from recipes.data.disk.on_disk import FACTS, stored_contents, stored_once

CHUNKS = [
    {
        "images": np.arange(24, dtype=np.uint8).reshape(2, 3, 4) + 100 * part,
        "words": np.array([["a"], ["größer" * (part + 1)]], dtype=object),
        "label": np.array([part, 7]),
        "texts": ["one", "two"],
        "lists": [np.arange(2 + part), np.arange(1)],
    }
    for part in range(2)
]


def plain(arrays):
    return {
        key: [np.asarray(row).tolist() for row in values] if isinstance(values, list) else np.asarray(values).tolist()
        for key, values in arrays.items()
    }


def again(folder, calls):
    def parts():
        calls.append(1)
        return iter(CHUNKS)

    return plain(stored_once(folder, "example", {"of": 1}, 1_000, parts))


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)


def cut(path):
    path.write_bytes(path.read_bytes()[:-3])


def as_folder(path):
    path.unlink()
    path.mkdir()


def other(path):
    path.write_text(json.dumps({"arrays": {}}) if path.suffix == ".json" else "{}")


@pytest.mark.parametrize("damage", [flip, cut, as_folder, other, lambda path: path.unlink()])
@pytest.mark.parametrize("name", [FACTS, "small.npz", "0.bin", "1.bin", "1.bin.ends"])
def test_a_damaged_file_is_decoded_again(tmp_path, name, damage):
    calls = []
    whole = again(tmp_path, calls)
    assert again(tmp_path, calls) == whole
    assert len(calls) == 1
    assert set(whole) == set(CHUNKS[0])
    (folder,) = tmp_path.iterdir()
    damage(folder / name)
    assert again(tmp_path, calls) == whole
    assert again(tmp_path, calls) == whole
    assert len(calls) == 2
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_equal_contents_share_files_that_are_whole(tmp_path):
    whole = plain(stored_contents(tmp_path, "example", iter(CHUNKS)))
    (folder,) = tmp_path.iterdir()
    flip(folder / "0.bin")
    assert plain(stored_contents(tmp_path, "example", iter(CHUNKS))) == whole
    assert list(tmp_path.iterdir()) == [folder]


def test_a_file_in_place_of_the_folder_is_no_cache(tmp_path):
    calls = []
    whole = again(tmp_path, calls)
    (folder,) = tmp_path.iterdir()
    shutil.rmtree(folder)
    folder.write_text("")
    assert again(tmp_path, calls) == whole
