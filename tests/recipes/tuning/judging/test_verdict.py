"""The verdict in sentences: every arm that differs is named, what is open says what would decide, and a decision."""

from recipes.metric import ROOT_MEAN_SQUARED_ERROR

from .judged import NAN, judge


def test_one_arm(make_trials):
    table, sentences = judge(make_trials({"momentum+none": [0.9, 0.92]}))
    assert list(table["verdict"]) == ["reference"]
    assert sentences == [
        "The reference, momentum with no regularizer, has a test accuracy of 91.00 ± 1.41 % over 2 repeats.",
        "Decision: momentum with no regularizer, test accuracy 91.00 ± 1.41 %; best on the validation data, and no arm "
        "is known to be as good.",
    ]


def test_every_arm_that_differs_is_named_with_its_examples(make_trials):
    scores = {
        "momentum+none": [0.90, 0.92, 0.94],
        "adam+l2+dropout": [0.97, 0.99, 1.01],
        "nadam+none": [0.95, 0.97, 0.99],
        "sgd+none": [0.70, 0.72, 0.74],
        "sgd+l2": [0.80, 0.82, 0.845],
    }
    table, sentences = judge(make_trials(scores), examples=200)
    words = dict(zip(table["arm"], table["verdict"], strict=True))
    assert [words[arm] for arm in scores] == ["reference", "better", "better", "worse", "worse"]
    text = " ".join(sentences)
    assert (
        "better: adam with l2 and dropout by 7.00 points (14.0 of 200 examples), nadam with no regularizer by" in text
    )
    assert "worse: sgd with l2 by 9.83 points (19.7 of 200 examples), sgd with no regularizer by 20.00 points" in text
    assert sentences[-1].startswith("Decision: adam with l2 and dropout, test accuracy 99.00 ± 2.00 %; best on the")


def test_the_decision_is_better_where_something_is(make_trials):
    """The highest validation score stands first, but four arms are known to be better on the test data."""
    scores = {"momentum+none": [0.90, 0.902, 0.898], "sgd+none": [0.905, 0.911, 0.899]}
    scores |= {f"{name}+none": [0.93, 0.932, 0.928] for name in ("adam", "nadam", "rmsprop", "adamax")}
    validation = {arm: [0.9, 0.9, 0.9] for arm in scores} | {"sgd+none": [0.99, 0.99, 0.99]}
    validation["nadam+none"] = [0.91, 0.91, 0.91]
    table, sentences = judge(make_trials(scores, validation))
    assert table["arm"].iloc[0] == "sgd+none"
    assert table.set_index("arm").loc["sgd+none", "verdict"] == "open"
    assert table.set_index("arm").loc["nadam+none", "chosen"] == "best"
    assert "best on the validation data of those that are better than the reference" in sentences[-1]
    for name in ("adam", "nadam", "rmsprop", "adamax"):
        assert f"{name} with no regularizer by 3.00 points" in " ".join(sentences)


def test_batches_in_parts_are_named(make_trials):
    trials = make_trials({"momentum+none": [0.9, 0.92]})
    trials["message"] = ["each batch was computed in 2 parts: the accelerator ran out of memory", "", "", ""]
    _, sentences = judge(trials)
    assert sentences[-1].startswith("1 training computed batches in parts, as the accelerator ran out of memory")


def test_what_is_as_good(make_trials):
    scores = {"momentum+none": [0.900, 0.902, 0.904], "adam+none": [0.9005, 0.9030, 0.9040]}
    table, sentences = judge(make_trials(scores))
    assert set(table["verdict"]) == {"reference", "as good"}
    assert "as good (within 0.5 points): adam with no regularizer" in sentences[1]
    narrow, sentences = judge(make_trials(scores), margin=0.1)
    assert set(narrow["verdict"]) == {"reference", "open"}
    assert narrow["repeats_needed"].max() > 3
    assert "repeats would probably decide what is open: `recipes search digits --repeats" in sentences[2]


def test_of_arms_that_are_as_good_the_cheap_and_less_sensitive_one_is_chosen(make_trials):
    scores = {f"{name}+none": [0.90, 0.91, 0.92] for name in ("momentum", "adam", "sgd")}
    validation = {"momentum+none": [0.95] * 3, "adam+none": [0.94] * 3, "sgd+none": [0.93] * 3}
    trials = make_trials(scores, validation).assign(test_loss=0.5)
    cheap = trials.copy()
    cheap.loc[cheap["arm"] == "momentum+none", "seconds"] *= 4.0
    cheap.loc[
        (cheap["arm"] == "adam+none") & (cheap["trial"] == 0) & (cheap["stage"] == "tune"), "validation_score"
    ] = 0.1
    table, sentences = judge(cheap)
    assert list(table.loc[table["chosen"] != "no", "arm"]) == ["sgd+none"]
    assert (
        "as good as the best, momentum with no regularizer, and cheaper: 3.0 s against 12 s a training."
        in sentences[-1]
    )
    touchy = trials.copy()
    wild = (touchy["arm"] != "sgd+none") & (touchy["trial"] == 0) & (touchy["stage"] == "tune")
    touchy.loc[wild, "validation_score"] = 0.1
    table, sentences = judge(touchy)
    assert list(table.loc[table["chosen"] != "no", "arm"]) == ["sgd+none"]
    assert sentences[-1].endswith(
        "as good as the best, momentum with no regularizer, and less sensitive to its setting."
    )


def test_trainings_that_are_the_same_to_the_last_bit_are_as_good(make_trials):
    """A regularizer that never acts: no noise of other arms makes that uncertain, and it is no comparison."""
    scores = {"momentum+none": [0.90, 0.95, 0.92], "momentum+l2": [0.90, 0.95, 0.92], "adam+none": [0.80, 0.99, 0.91]}
    trials = make_trials(scores)
    trials["test_loss"] = trials["test_score"] / 3
    table = judge(trials)[0].set_index("arm")
    assert table.loc["momentum+l2", "verdict"] == "as good"
    assert (table.loc["momentum+l2", ["difference_low", "difference_high"]] == 0.0).all()
    alone = judge(trials[trials["arm"] != "momentum+l2"])[0].set_index("arm")
    assert table.loc["adam+none", "p_value"] == alone.loc["adam+none", "p_value"]
    other_loss = trials.assign(test_loss=trials["test_loss"] + (trials["arm"] == "momentum+l2"))
    assert judge(other_loss)[0].set_index("arm").loc["momentum+l2", "verdict"] == "open"


def test_where_less_is_better(make_trials):
    scores = {"momentum+none": [50.0, 52.0, 54.0], "adam+none": [40.0, 41.0, 42.0]}
    table, sentences = judge(make_trials(scores), ROOT_MEAN_SQUARED_ERROR)
    assert list(table["arm"]) == ["adam+none", "momentum+none"]
    assert sentences[:2] == [
        "The reference, momentum with no regularizer, has a test root mean squared error of 52.00 ± 2.00 over 3 "
        "repeats.",
        "Of 1 other arm: better: adam with no regularizer by 11.00.",
    ]
    assert sentences[-1].startswith("Decision: adam with no regularizer, test root mean squared error 41.00 ± 1.00;")


def test_main_effects_come_first(make_trials):
    scores = {
        "momentum+none": [0.80, 0.82, 0.81],
        "adam+none": [0.90, 0.921, 0.909],
        "momentum+l2": [0.80, 0.82, 0.811],
        "adam+l2": [0.90, 0.92, 0.911],
    }
    _, sentences = judge(make_trials(scores), examples=100)
    assert (
        sentences[0]
        == "Optimizer, on average and against momentum: better: adam by 10.00 points (10.0 of 100 examples)."
    )
    assert sentences[1] == "Regularizer, on average and against no regularizer: as good (within 0.5 points): l2."
    assert sentences[2].startswith("The reference, momentum with no regularizer")


def test_arms_without_a_score_are_named(make_trials):
    scores = {"momentum+none": [0.9, 0.91], "adam+none": [0.9, 0.92], "sgd+none": [0.9, NAN]}
    assert "diverged: sgd with no regularizer" in " ".join(judge(make_trials(scores))[1])


def test_missing_outcomes_are_said(make_trials):
    trials = make_trials({"momentum+none": [0.9, 0.91], "adam+none": [0.9, 0.92]})
    assert "missing for 4 final trainings" in judge(trials, without_outcomes=4)[1][-1]
