"""The ordinary tests stay short as tests are added: by what they took when measured, not by today's clock."""

BUDGET = 550  # processor seconds with both cores busy: five and a half minutes there, as measured


def test_the_ordinary_tests_keep_to_their_budget(ordinary_seconds):
    total = sum(ordinary_seconds.values())
    most = sorted(ordinary_seconds, key=ordinary_seconds.get)[-10:]
    assert total <= BUDGET, f"{total:.0f} s: share fixtures, make data smaller or mark as thorough, e.g. in {most}"
