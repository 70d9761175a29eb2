"""Kills a small training with SIGKILL at random moments, restarts it until it ends, compares it with an unbroken one.

The training has everything that Resume must restore: arrays that Keras shuffles, dropout, batch normalization, Nesterov
momentum under 1cycle, early stopping with the best weights restored, a plateau's cooldown, checkpoints within epochs.
Compared are the bits of all weights and of the optimizer's state, History, and the epoch at which training stopped.

    python scripts/measure/stress_resume.py --kills 200

Writes ``results/stress_resume.csv`` (with ``--write``), one row per kill; the exit status is 1 if anything differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import keras
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import write_results

import callbacks
from callbacks.resume.checkpoints import Checkpoints
from recipes.optimizers import Momentum

EVERY = ("epoch", 1, 7)


class Notice(keras.callbacks.Callback):
    """Creates a file after the first step."""

    def __init__(self, path: Path):
        super().__init__()
        self.path = path

    def on_train_batch_end(self, batch, logs=None):
        if not self.path.exists():
            self.path.touch()


def train(directory: Path, kind: int, resume: bool = True) -> dict:
    """Runs one training. Results are equal only if every bit is."""
    keras.utils.set_random_seed(11)
    generator = np.random.default_rng(5)
    x = generator.normal(size=(330, 6)).astype("float32")
    y = (x[:, :1] * x[:, 1:2] + 0.3 * generator.normal(size=(330, 1))).astype("float32")
    layers = [keras.layers.Dense(16, activation="elu"), keras.layers.BatchNormalization(), keras.layers.Dropout(0.1)]
    model = keras.Sequential([keras.Input((6,)), *layers, keras.layers.Dense(1)])
    model.compile(Momentum(0.01, nesterov=True), "mse", metrics=["mae"], steps_per_execution=(1, 1, 4)[kind])
    stop = keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True)
    rate = (
        callbacks.OneCycle(0.1),
        keras.callbacks.ReduceLROnPlateau(patience=1, cooldown=1),
        callbacks.OneCycle(0.1, phases=3),
    )[kind]
    callback_list = [stop, rate, Notice(directory / "started")]
    if resume:
        callback_list.insert(0, callbacks.Resume(directory / "state", every=EVERY[kind]))
    history = model.fit(
        x[80:], y[80:], batch_size=10, epochs=25, validation_data=(x[:80], y[:80]), verbose=0, callbacks=callback_list
    )
    digest = hashlib.sha256()
    for variable in [*model.variables, *model.optimizer.variables]:
        digest.update(np.asarray(variable).tobytes())
    return {
        "bits": digest.hexdigest(),
        "history": {name: [float(value).hex() for value in values] for name, values in history.history.items()},
        "epochs": history.epoch,
        "stopped": stop.stopped_epoch,
        "best": stop.best_epoch,
    }


def start(directory: Path, kind: int, resume: bool = True) -> int:
    """Runs :func:`train` in a new process, forked before TensorFlow has started its threads."""
    (directory / "started").unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            result = json.dumps(train(directory, kind, resume))
            (directory / "result.tmp").write_text(result)
            (directory / "result.tmp").rename(directory / "result.json")
            status = 0
        finally:
            os._exit(status)
    return child


def wait(child: int, path: Path) -> None:
    """Waits until the file exists or the child has ended."""
    while not path.exists() and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        time.sleep(0.002)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write results/stress_resume.csv")
    options = parser.parse_args()
    generator = np.random.default_rng(options.seed)
    rows, wrong, runs = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        unbroken, seconds = [], []
        for kind in range(len(EVERY)):
            directory = Path(folder) / f"unbroken{kind}"
            directory.mkdir()
            child = start(directory, kind, resume=False)
            wait(child, directory / "started")
            begin = time.perf_counter()
            if os.waitpid(child, 0)[1] != 0:
                sys.exit("the unbroken training failed")
            seconds.append(time.perf_counter() - begin)
            unbroken.append(json.loads((directory / "result.json").read_text()))
            print(f"kind {kind}: stopped at epoch {unbroken[-1]['stopped']}, {seconds[-1]:.1f} s", flush=True)
        while len(rows) < options.kills:
            kind, runs = runs % len(EVERY), runs + 1
            directory = Path(folder) / f"run{runs}"
            directory.mkdir()
            kills = []
            while True:
                child = start(directory, kind)
                if len(rows) + len(kills) < options.kills:
                    if generator.random() < 0.9:  # else the kill may hit the start
                        wait(child, directory / "started")
                    time.sleep(generator.uniform(0, 0.8 * seconds[kind]))
                    os.kill(child, signal.SIGKILL)
                status = os.waitpid(child, 0)[1]
                if os.WIFEXITED(status):
                    break
                files = Checkpoints(directory / "state")
                newest = files.newest()
                epoch, batch = newest[0] if newest else (None, None)
                loadable = newest is not None or not files.positions()
                kills.append({"run": runs, "every": EVERY[kind], "epoch": epoch, "batch": batch, "loadable": loadable})
            result = json.loads((directory / "result.json").read_text()) if status == 0 else None
            same = result == unbroken[kind]
            left = len(list((directory / "state").iterdir()))
            wrong += (not same) + (left > 2) + sum(not row["loadable"] for row in kills)
            rows += [{**row, "identical": same, "files_left": left} for row in kills]
            print(
                f"run {runs}, saved every {EVERY[kind]}: {len(kills)} kills, identical: {same}, {left} files",
                flush=True,
            )
    print(f"{len(rows)} kills in {runs} trainings: {'all identical' if not wrong else f'{wrong} WRONG'}")
    if options.write:
        print(write_results("stress_resume", rows))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
