"""Folders of images: classes, splits, broken files, sizes, and the table of labels."""

import shutil

import keras
import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

import recipes
from callbacks.checks import InvalidArgument
from recipes.data import load_images

from .pictures import fill, loaded, rows, save

SIZE = (6, 5)


@pytest.fixture
def pets(tmp_path):
    return fill(tmp_path / "pets")


def test_a_folder_is_a_class_in_the_order_of_keras(pets):
    data = load_images(pets)
    theirs = keras.utils.image_dataset_from_directory(pets, image_size=(7, 8), batch_size=None, verbose=False)
    assert list(data.spec.class_names) == theirs.class_names == ["Dog", "cat", "eel"]
    assert (data.spec.name, data.spec.input_shape, data.spec.input_dtype) == ("pets", (7, 8, 3), "uint8")
    assert rows(data) == sorted((x.astype("uint8").tobytes(), int(y)) for x, y in theirs.as_numpy_iterator())
    assert data.settings["counts"] == {"train": 23, "validation": 6, "test": 7}
    assert load_images(str(pets)).fingerprint == data.fingerprint == recipes.load(pets).fingerprint
    other = load_images(pets, class_names=["eel", "cat", "Dog"])
    assert other.spec.class_names == ("eel", "cat", "Dog")
    assert rows(other) == sorted((image, {0: 2, 1: 1, 2: 0}[label]) for image, label in rows(data))


@pytest.mark.parametrize("names", [("train", "validation", "test"), ("Training", "val", "testing"), ("train", "dev")])
@pytest.mark.ordinarily("names1")
def test_folders_of_splits(tmp_path, names):
    for number, name in enumerate(names):
        fill(tmp_path / name, 5 + number, first=1000 * number)
    data = load_images(tmp_path)
    counts = data.settings["counts"]
    assert (data.settings["validation"], counts["validation"]) == ("given", 18)
    assert counts["test"] == (21 if len(names) == 3 else 3)
    if len(names) == 3:
        theirs = tfds.ImageFolder(str(tmp_path))
        validation = theirs.as_dataset(split=names[1], as_supervised=True)
        x, y = data.arrays("validation")
        expected = sorted((image.numpy().tobytes(), int(label)) for image, label in validation)
        assert sorted((image.tobytes(), int(label)) for image, label in zip(x, y, strict=True)) == expected
        assert recipes.load(theirs).fingerprint == data.fingerprint


@pytest.mark.parametrize("memory", [0.5, 0])
@pytest.mark.ordinarily("0")
def test_unlike_sizes_need_a_size(tmp_path, memory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = fill(tmp_path / "pets", shapes=((7, 8, 3), (9, 4, 3)))
    message = (
        r"image_size must be \(height, width\), since images vary in size: 18 of 36 are not 7x8, Dog/01.png is 9x4"
    )
    with pytest.raises(InvalidArgument, match=message):
        load_images(root)
    data = load_images(root, image_size=SIZE, memory=memory)
    assert data.on_disk is (memory == 0)
    assert (data.spec.input_shape, data.spec.resized) == ((*SIZE, 3), True)
    files = sorted(root.rglob("*.png"))
    arrays = [np.asarray(Image.open(file)) for file in files]
    labels = np.array([["Dog", "cat", "eel"].index(file.parent.name) for file in files])
    assert data.fingerprint == recipes.Data.from_arrays(arrays, labels, image_size=SIZE).fingerprint


def test_broken_files_are_named_and_left_out_on_request(pets, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    whole = rows(load_images(pets))
    (pets / "cat" / "page.jpg").write_text("<html>")
    with pytest.raises(
        InvalidArgument, match=r"but 1 of 37 is broken: cat/page.jpg \(it is no PNG.*; skip_broken=True"
    ):
        load_images(pets)
    content = (pets / "eel" / "03.png").read_bytes()
    (pets / "eel" / "99.png").write_bytes(content[:-40])
    with pytest.raises(InvalidArgument, match="skip_broken=True leaves them out"):
        load_images(pets)
    for memory in (0.5, 0, 0):
        data, said = loaded(pets, skip_broken=True, memory=memory)
        (text,) = said
        assert text.startswith("folder 'pets': left out 2 of 38 images, which are broken: cat/page.jpg (it is no PNG")
        assert "eel/99.png (" in text
        assert rows(data) == whole
    (pets / "cat" / "page.jpg").unlink()
    for memory in (0.5, 0):
        with pytest.raises(InvalidArgument, match=r"1 of 37 is broken: eel/99.png \(it (is cut off|cannot be decoded)"):
            load_images(pets, memory=memory)


def test_what_is_no_image_or_hidden_is_left_out(pets):
    expected = load_images(pets).fingerprint
    for name in ("cat/.DS_Store", "__MACOSX/cat/._01.png", ".thumbs/1.png", "cat/._01.png"):
        (pets / name).parent.mkdir(exist_ok=True, parents=True)
        (pets / name).write_bytes(b"?")
    (pets / "cat" / "notes.txt").write_text("?")
    (pets / "fox").mkdir()
    data, said = loaded(pets)
    assert data.fingerprint == expected
    assert said == [
        "folder 'pets': left out 1 folder without images: fox",
        "folder 'pets': left out files that are no images: 1 .txt",
    ]


def test_images_below_a_class_at_any_depth(pets):
    expected = rows(load_images(pets))
    (pets / "cat" / "black").mkdir()
    (pets / "cat" / "00.png").rename(pets / "cat" / "black" / "other.PNG")
    assert rows(load_images(pets)) == expected


@pytest.mark.parametrize(
    ("shapes", "channels", "transparent"),
    [(((7, 8),), 1, 0), (((7, 8), (7, 8, 3)), 3, 0), (((7, 8, 4), (7, 8)), 3, 18), (((7, 8, 2), (7, 8)), 1, 18)],
)
@pytest.mark.ordinarily("shapes2")
def test_grey_or_colour(tmp_path, shapes, channels, transparent):
    data, said = loaded(fill(tmp_path / "pets", shapes=shapes))
    assert data.spec.input_shape == (7, 8, channels)
    expected = f"folder 'pets': left out the transparency of {transparent} of 36 images"
    assert said == ([expected] if transparent else [])


def test_sixteen_bits(tmp_path):
    for number in range(24):
        pixels = np.random.default_rng(number).integers(0, 65536, (4, 4)).astype("uint16")
        (tmp_path / "pets" / "ab"[number % 2]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "pets" / "ab"[number % 2] / f"{number}.png")
    assert load_images(tmp_path / "pets").spec.input_dtype == "uint16"
    save(tmp_path / "pets" / "b" / "x.png", 0, (4, 4))
    with pytest.raises(
        InvalidArgument, match=r"images of one kind, but a/0.png has 16 bits a channel and b/x.png has 8"
    ):
        load_images(tmp_path / "pets")


def test_decoded_files_are_used_again_until_they_change(pets, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first = load_images(pets, memory=0)
    with monkeypatch.context() as patch:
        patch.setattr("recipes.data.images.image_reading.decode_image", lambda *_: pytest.fail("decoded twice"))
        assert load_images(pets, memory=0, seed=1).spec == load_images(pets, memory=0, seed=1).spec
    save(pets / "cat" / "00.png", 777)
    assert load_images(pets, memory=0).fingerprint != first.fingerprint


def test_a_saved_run_finds_its_folder_again(pets, tmp_path):
    data = load_images(pets, image_size=SIZE)
    recipe = recipes.Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.01, regularizer="none")
    run = recipes.fit(data, recipe, epochs=1, verbose=0).save(tmp_path / "run")
    assert recipes.load_run(run).data.fingerprint == data.fingerprint
    (tmp_path / "elsewhere").mkdir()
    moved = shutil.move(pets, tmp_path / "elsewhere" / "pets")
    with pytest.raises(InvalidArgument, match="the folder of the training, which is no longer there"):
        recipes.load_run(run)
    for place in (tmp_path / "elsewhere", moved):
        assert recipes.load_run(run, data_dir=place).data.fingerprint == data.fingerprint
    save(tmp_path / "elsewhere" / "pets" / "cat" / "more.png", 5)
    with pytest.raises(InvalidArgument, match="but its files have changed since"):
        recipes.load_run(run, data_dir=tmp_path / "elsewhere")


@pytest.mark.filterwarnings("ignore:folder .*:UserWarning")
@pytest.mark.parametrize(
    ("files", "options", "message"),
    [
        ([], {}, r"folder must be one with a folder of images \(PNG, JPEG"),
        (["a/1.txt"], {}, r"a folder of images .* for each class, also in|a folder of images \(PNG"),
        (["1.png", "2.png"], {}, "without, pass labels=, a table with the names of the files"),
        (["1.png", "labels.csv"], {}, "without, pass labels='labels.csv'"),
        (["images/1.png", "labels.csv"], {}, "but it has images alone; without, pass labels='labels.csv'"),
        (["train/a/1.png", "train/b/1.png", "c/1.png"], {}, "train, validation and test alone; beside train it has c"),
        (["test/a/1.png", "val/b/1.png"], {}, "one with a folder train beside test, val"),
        (["train/a/1.png", "val/a/1.png", "valid/a/1.png"], {}, "a single folder of split 'validation', not val and"),
        (["train/a/1.png", "train/b/1.png", "test/c.txt"], {}, "for each class, also in test"),
        (["a/1.png", "b/1.png"], {"class_names": ["a"]}, "the names of the class folders, in any order: a, b"),
        (["a/1.png", "b/1.png"], {"target": "a"}, "target must be None without labels"),
        (["a/1.png", "b/1.png"], {"task": "regression"}, "task must be None, since the folders are classes; pass lab"),
        (["a/1.png", "b/1.png"], {"skip_broken": 1}, "skip_broken must be True or False"),
        (["a/1.png", "b/1.png"], {"image_size": 5}, r"image_size must be \(height, width\)"),
        (["a/1.png", "b/1.png"], {"test": 2}, "test must be a number"),
    ],
    ids=range(15),
)
def test_what_is_refused(tmp_path, files, options, message):
    for number, name in enumerate(files):
        if name.endswith(".png"):
            save(tmp_path / name, number)
        else:
            (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
            (tmp_path / name).write_text("?")
    with pytest.raises(InvalidArgument, match=message) as error:
        load_images(tmp_path, **options)
    assert "\n" not in str(error.value)


def test_what_is_no_folder(tmp_path):
    for value in (tmp_path / "absent", tmp_path / "file.png"):
        with pytest.raises(InvalidArgument, match="folder must be the path of a folder of images"):
            load_images(value)
    with pytest.raises(InvalidArgument, match=r"folder must be a path\. Received: folder=5"):
        load_images(5)


def test_options_that_suit_no_folder_of_images(pets):
    for options in ({"features": ["a"]}, {"id": "a"}, {"split": "train"}, {"sample_weight": "a"}, {"exclude": ["a"]}):
        (name,) = options
        with pytest.raises(InvalidArgument, match=f"{name} must be None for a folder of images"):
            recipes.load(pets, **options)
    with pytest.raises(InvalidArgument, match="labels must be used with a folder of images"):
        recipes.load("digits", labels="labels.csv")
