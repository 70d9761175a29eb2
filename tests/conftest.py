"""What all tests need before TensorFlow and matplotlib are imported, how long a run will take, and double precision."""

import collections
import csv
import gc
import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("ABSL_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads of several test processes wait for one another
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # kernels that take longer to prepare than these models to train


gc.set_threshold(50_000, 20, 500)  # tracing makes many objects that stay; looking through them took a fifth of the time

SECONDS = Path(__file__).parent / "seconds.csv"
"""Processor seconds of a test of each file when it was last measured, with ``--write-seconds``, on quick cores."""
START = 4.0  # processor seconds until a process has imported TensorFlow and collected the tests
ANNOUNCED, CLOCK = pytest.StashKey[bool](), pytest.StashKey[float]()
SLOW = 5.0  # processor seconds, from which on an ordinary test is named at the end


def pytest_addoption(parser):
    parser.addoption("--write-seconds", action="store_true", help=f"write what the tests took to tests/{SECONDS.name}")


@pytest.hookimpl(tryfirst=True)  # before pytest deselects by mark
def pytest_collection_modifyitems(items):
    """Marks the variants of a test as thorough that its mark ``ordinarily`` does not name."""
    for item in items:
        marker = item.get_closest_marker("ordinarily")
        if marker is not None and not any(f"-{variant}-" in f"-{item.callspec.id}-" for variant in marker.args):
            item.add_marker(pytest.mark.thorough)


def expected_seconds(ids):
    """What tests of these ids took when last measured, by file; a file that was not is taken for an average one."""
    with open(SECONDS) as file:
        known = {row["file"]: float(row["seconds"]) for row in csv.DictReader(file)}
    average = sorted(known.values())[len(known) // 2]
    counts = collections.Counter(name.split("::")[0] for name in ids)
    return {file: count * known.get(file, average) for file, count in counts.items()}


def _announce(config, ids, processes):
    minutes = (sum(expected_seconds(ids).values()) + START * processes) / min(processes, 2) / 60
    text = f"{len(ids):,} tests, about {minutes:.1f} minutes on two quick cores, twice that on slow ones"
    config.get_terminal_writer().line(text)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node, ids):
    """In the process that hands out the tests: says what they will take, once."""
    if not node.config.stash.get(ANNOUNCED, False):
        node.config.stash[ANNOUNCED] = True
        _announce(node.config, ids, node.config.option.numprocesses)


def pytest_collection_finish(session):
    """The same where there is one process."""
    gc.freeze()
    processes = getattr(session.config.option, "numprocesses", None)
    if not processes and not hasattr(session.config, "workerinput"):
        _announce(session.config, [item.nodeid for item in session.items], 1)


def _processor_seconds():
    """Of this process and of those it has waited for: what others do at the same time matters little."""
    return sum(os.times()[:4])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Notes in the report of a test's setup, call or teardown what it has cost."""
    report = yield
    now = _processor_seconds()
    report.processor_seconds = now - item.config.stash.get(CLOCK, now)
    item.config.stash[CLOCK] = now
    return report


def pytest_terminal_summary(terminalreporter, config):
    """Names what is slow, and writes what was measured if asked to."""
    reports = [
        report
        for outcome in ("passed", "failed", "skipped", "error", "")
        for report in terminalreporter.stats.get(outcome, [])
        if hasattr(report, "processor_seconds")
    ]
    if config.option.markexpr == "not thorough":
        slow = [report for report in reports if report.when == "call" and report.processor_seconds > SLOW]
        for report in sorted(slow, key=lambda report: -report.processor_seconds):
            terminalreporter.line(f"slow: {report.processor_seconds:.0f} s {report.nodeid} (smaller, or thorough?)")
    if config.option.write_seconds:
        files = collections.defaultdict(lambda: [0.0, set()])
        for report in reports:
            total, ids = files[report.nodeid.split("::")[0]]
            files[report.nodeid.split("::")[0]] = [total + report.processor_seconds, ids | {report.nodeid}]
        lines = [f"{file},{total / len(ids):.3f}" for file, (total, ids) in sorted(files.items())]
        SECONDS.write_text("\n".join(["file,seconds", *lines]) + "\n")


@pytest.fixture
def ordinary_seconds(request):
    """What the tests of this run that are not thorough are expected to take, by file."""
    ordinary = [item.nodeid for item in request.session.items if item.get_closest_marker("thorough") is None]
    return expected_seconds(ordinary)


@pytest.fixture
def young_garbage():
    """Collections within the test look only at what it has made itself; of a long run all would take seconds."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture
def double_precision():
    """Keras computes in float64 for the length of a test, and as before after it."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy(before)


@pytest.fixture
def catalogues_restored():
    """Leaves the catalogues as they were."""
    from recipes.registration.registered import CATALOGUES

    before = {kind: dict(catalogue.entries) for kind, catalogue in CATALOGUES.items()}
    yield
    for kind, entries in before.items():
        CATALOGUES[kind].entries.clear()
        CATALOGUES[kind].entries.update(entries)
