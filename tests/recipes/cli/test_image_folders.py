"""The commands that load data, given a folder of images."""

import pytest

from recipes.cli import main

from ..data.pictures import fill


@pytest.fixture
def pets(tmp_path, monkeypatch):
    """A folder of images in the working directory, one of them broken."""
    monkeypatch.chdir(tmp_path)
    root = fill(tmp_path / "pets", names=("cat", "dog"), shapes=((7, 8, 3), (6, 6, 3)))
    (root / "cat" / "page.png").write_text("<html>")
    return root


def described(capsys, *arguments):
    with pytest.raises(SystemExit) as left:
        main(["describe", "pets", *arguments])
    captured = capsys.readouterr()
    return left.value.code, " ".join(captured.out.split()), captured.err


@pytest.mark.usefixtures("pets")
def test_a_folder_in_place_of_a_dataset(capsys):
    code, output, errors = described(capsys, "--image-size", "8x8", "--skip-broken")
    assert code == 0
    assert "pets: image uint8 (8, 8, 3), binary of 2; 15 to train, 4 to validate, 5 to test" in output
    assert "left out 1 of 25 images, which are broken: cat/page.png (it is no PNG" in errors


@pytest.mark.usefixtures("pets")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "1 of 25 is broken: cat/page.png (it is no PNG, JPEG, GIF, BMP or WebP image); skip_broken=True leaves"),
        (("--skip-broken",), "image_size must be (height, width), since images vary in size: 12 of 24 are not 7x8"),
        (("--labels", "absent.csv"), "labels must be a .csv, .tsv or .parquet file, but there is no such file"),
        (("--id", "a"), "id must be None for a folder of images"),
    ],
)
def test_faults_are_one_line(capsys, arguments, message):
    code, output, errors = described(capsys, *arguments)
    assert (code, output, errors.count("\n")) == (2, "", 1)
    assert message in errors
