import subprocess
import sys

import pytest

from recipes.data import DATASETS, EMBEDDED_NAMES, UnknownDataset, load


def test_entries():
    assert set(EMBEDDED_NAMES) < set(DATASETS)
    for entry in DATASETS.values():
        assert entry.summary.endswith(".")
        assert entry.source


def test_all_names_exist():
    import tensorflow_datasets as tfds

    from recipes.data.embedded import EMBEDDED

    assert tuple(EMBEDDED) == EMBEDDED_NAMES
    assert set(DATASETS) - set(EMBEDDED_NAMES) <= set(tfds.list_builders(with_community_datasets=False))


@pytest.mark.parametrize(
    ("name", "near"), [("mnits", "'mnist'"), ("digts", "'digits'"), ("Fashion-MNIST", "'fashion_mnist'")]
)
def test_unknown_names_are_answered_with_the_nearest(name, near, tmp_path):
    with pytest.raises(UnknownDataset, match=rf"^unknown dataset '{name}': did you mean .*{near}.*\? Accepted: digits"):
        load(name, data_dir=tmp_path)


def test_a_file_without_a_suffix_is_named_as_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "churn").write_text("a,b\n1,2\n")
    with pytest.raises(UnknownDataset, match=r"'churn', but a file of this name, which ends in .csv, .tsv or .parquet"):
        load("churn", data_dir=tmp_path)


@pytest.mark.thorough
def test_importing_needs_none_of_the_heavy_libraries():
    code = (
        "import sys, tensorflow, keras; before = set(sys.modules); import recipes.data;"
        "print([m for m in ('tensorflow_datasets', 'sklearn', 'pandas', 'psutil') if m in set(sys.modules) - before])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"


def test_options_within_the_name_are_for_a_bench():
    with pytest.raises(UnknownDataset, match=r"'c.csv\(...\)': only a bench takes .*; give target='churn' beside it"):
        load("c.csv(target='churn')")
