"""The page of `recipes doctor`: every column, every warning, and what is refused."""

import numpy as np
import pandas
import pytest

from callbacks.checks import InvalidArgument
from recipes.cli import main
from recipes.examination import examine

N = 200


@pytest.fixture
def churn(tmp_path, monkeypatch):
    """``churn(column=values, ...)``: writes churn.csv with further columns into the working directory."""
    monkeypatch.chdir(tmp_path)

    def write(**more):
        random = np.random.default_rng(0)
        frame = pandas.DataFrame({"id": [f"c{number}" for number in range(N)], "age": random.integers(18, 90, N)})
        frame["town"] = random.choice(["Ulm", "Köln"], N)
        frame["amount"] = np.where(np.arange(N) % 9 == 0, np.nan, random.normal(10, 2, N).round(2))
        frame = frame.assign(**more)
        frame["Churn"] = np.where(frame["age"] + random.normal(0, 9, N) > 50, "Yes", "No")
        frame.loc[3, "Churn"] = None
        frame.to_csv("churn.csv", index=False)
        return frame

    return write


def test_every_column_with_its_content_and_use(churn):
    churn(same=7, weight=1.5)
    found = examine("churn.csv", target="Churn", id="id", exclude=["town"], sample_weight="weight")
    columns = {column.name: column for column in found.columns}
    assert list(columns) == ["id", "age", "town", "amount", "same", "weight", "Churn"]
    assert {name: column.use for name, column in columns.items()} == {
        "id": "id, left out",
        "age": "number",
        "town": "left out",
        "amount": "number",
        "same": "number",
        "weight": "sample weight",
        "Churn": "target",
    }
    assert (columns["amount"].content, columns["amount"].missing) == ("numbers", "23 of 199")
    assert (columns["Churn"].content, columns["Churn"].missing) == ("strings", "1 of 200")
    assert found.refused is None
    assert found.title.startswith("churn.csv: 200 rows, 7 columns\nchurn: tabular record of 3, binary of 2; ")
    assert [finding for finding in found.findings if "'same'; nothing can be learned from it" in finding]
    assert [finding for finding in found.findings if "left out 1 of 200 rows without a value of 'Churn'" in finding]


def test_columns_that_decide_about_the_splits(churn):
    churn(patient=np.arange(N) // 4, day=np.arange(N) // 3)
    found = examine("churn.csv", target="Churn", id="id", groups="patient", time="day")
    used = {column.name: column.use for column in found.columns}
    assert (used["patient"], used["day"], used["age"]) == ("groups, left out", "time, left out", "number")
    with pytest.raises(InvalidArgument, match=r"groups must be a column of churn.csv; did you mean 'patient'"):
        examine("churn.csv", target="Churn", groups="patien")


def test_a_table_of_numbers_has_a_row_for_each_column(churn):
    churn(same=7)
    found = examine("churn.csv", target="Churn", features=["age", "same"])
    used = {column.name: column.use for column in found.columns}
    assert (used["age"], used["same"], used["town"]) == ("number", "number", "left out")
    assert "always the same in training: 'same'" in found.findings[-1]


@pytest.mark.parametrize(
    ("more", "finding"),
    [
        ({"row": range(N)}, "column 'row' numbers the rows; .* leave it out: id='row'"),
        ({"mostly": [*map(str, range(N - 1)), "n.v."]}, "column 'mostly' is mostly numbers, but 1 of .*'n.v.' in line"),
        ({"seconds": 1.7e9 + np.arange(N) * 0.25}, "float32 does not keep the values of .*'seconds'"),
    ],
)
def test_what_a_training_would_warn_of_is_a_finding(churn, more, finding):
    churn(**more)
    found = examine("churn.csv", target="Churn", id="id")
    assert [text for text in found.findings if pandas.Series([text]).str.contains(finding).all()]


def test_refusals_are_on_the_page_and_wrong_options_are_not(churn, tmp_path):
    churn()
    found = examine("churn.csv", target="id")
    assert "y must be the names of classes" in found.refused
    assert [column.use for column in found.columns] == ["target", *["input"] * 4]
    for options, message in (
        ({"target": "churn"}, "did you mean 'Churn'"),
        ({"exclude": ["agee"]}, "did you mean 'age'"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            examine("churn.csv", **{"target": "Churn", **options})
    with pytest.raises(InvalidArgument, match="but there is no such file"):
        examine("nothing.csv")
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n3\n")
    assert "line 3 has 1: '3'" in examine("bad.csv", target="b").refused
    (tmp_path / "bad.csv").write_text("a,a\n1,2\n")
    assert "columns 1 and 2 are both 'a'" in examine("bad.csv", target="a").refused


def test_the_command(churn, capsys, data_dir):
    churn()
    for arguments, status, texts in (
        (["churn.csv"], 0, ["target 'Churn' is a guess (the last column)", "target: binary: "]),
        (
            ["churn.csv", "--target", "id"],
            1,
            ["No model can be trained: churn.csv, target id: y must be", "0 findings"],
        ),
        (["digits", "--data-dir", data_dir], 0, ["digits: image uint8 (8, 8, 1)", "0 findings"]),
    ):
        with pytest.raises(SystemExit) as left:
            main(["doctor", *arguments, "--data-only"])
        captured = capsys.readouterr()
        assert (left.value.code, captured.err) == (status, "")
        assert all(text in captured.out for text in texts), captured.out
    with pytest.raises(SystemExit) as left:
        main(["doctor", "churn.csv", "--target", "churn"])
    captured = capsys.readouterr()
    assert (left.value.code, captured.out, captured.err.count("\n")) == (2, "", 1)


def test_words_for_missing_ones_are_missing_and_no_numbers(tmp_path):
    n = np.arange(80)
    ages = np.where(n % 10 == 0, "?", np.where(n % 10 == 1, "unknown", n.astype(str)))
    towns = np.array(["Ulm", "Bonn", "?", ""], object)[n % 4]
    codes = np.array(["x", "7", "", "?"], object)[n % 4]
    table = pandas.DataFrame({"age": ages, "town": towns, "code": codes, "y": n // 4 % 2})
    table.to_csv(tmp_path / "t.csv", index=False)
    columns = {column.name: column for column in examine(str(tmp_path / "t.csv"), target="y").columns}
    assert (columns["age"].content, columns["age"].missing) == ("strings", "16 of 80")
    assert (columns["town"].content, columns["town"].missing) == ("strings", "40 of 80")
    assert (columns["code"].content, columns["code"].missing) == ("strings, 20 of them numbers", "40 of 80")
