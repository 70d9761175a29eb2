"""Kills small trainings with SIGKILL at random moments, restarts each until it ends, compares it with an unbroken one.

The trainings have everything that Resume must restore: arrays that Keras shuffles, dropout, batch normalization,
Nesterov momentum under 1cycle, early stopping with the best weights restored, a plateau's cooldown, checkpoints within
epochs; and of other kinds, see ``scripts/support/resumed_scripts.py``, a ``train_step`` of their own with one or two
optimizers, a PyDataset, a generator, bfloat16 and masks. Compared are the bits of all weights and of the optimizers'
states, History, and the epoch at which training stopped.

    python scripts/measure/stress_resume.py --kills 200
    python scripts/measure/stress_resume.py --kills 100 --kinds own_step,two_optimizers,generator,bfloat16,masks

Writes ``results/stress_resume.csv`` (with ``--write``; rows of other kinds stay), one row per kill; the exit status is
1 if anything differs.
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
import traceback
from pathlib import Path

import keras
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.results import results_path, write_results
from support.resumed_scripts import SCRIPTS

import callbacks
from callbacks.inside.reachable import Reachable
from callbacks.resume.checkpoints import Checkpoints

EVERY = ("epoch", 1, 7)


class Notice(keras.callbacks.Callback):
    """Creates a file after the first step."""

    def __init__(self, path: Path):
        super().__init__()
        self.path = path

    def on_train_batch_end(self, batch, logs=None):
        if not self.path.exists():
            self.path.touch()


def train(directory: Path, kind: str, every: int, resume: bool = True) -> dict:
    """Runs one training. Results are equal only if every bit is."""
    keras.utils.set_random_seed(11)
    script = SCRIPTS[kind]((1, 1, 4)[every])
    stop = keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True)
    peak = 0.1 if script.optimizer is None else 0.02  # two networks in turn diverge at 0.1
    plateau = keras.callbacks.ReduceLROnPlateau(patience=1, cooldown=1)
    rate = (
        callbacks.OneCycle(peak, optimizer=script.optimizer),
        plateau if script.optimizer is None else callbacks.CosineDecay(peak, optimizer=script.optimizer),
        callbacks.OneCycle(peak, phases=3, optimizer=script.optimizer),
    )[every]
    callback_list = [stop, rate, Notice(directory / "started")]
    if resume:
        callback_list.insert(0, callbacks.Resume(directory / "state", every=EVERY[every]))
    history = script.model.fit(**script.data, epochs=25 if kind == "arrays" else 10, verbose=0, callbacks=callback_list)
    digest = hashlib.sha256()
    for variable in Reachable(script.model).variables.values():
        digest.update(np.asarray(variable.numpy()).tobytes())
    return {
        "bits": digest.hexdigest(),
        "history": {name: [float(value).hex() for value in values] for name, values in history.history.items()},
        "epochs": history.epoch,
        "stopped": stop.stopped_epoch,
        "best": stop.best_epoch,
    }


def start(directory: Path, kind: str, every: int, resume: bool = True) -> int:
    """Runs :func:`train` in a new process, forked before TensorFlow has started its threads."""
    (directory / "started").unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            result = json.dumps(train(directory, kind, every, resume))
            (directory / "result.tmp").write_text(result)
            (directory / "result.tmp").rename(directory / "result.json")
            status = 0
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(status)
    return child


def wait(child: int, path: Path) -> None:
    """Waits until the file exists or the child has ended."""
    while not path.exists() and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        time.sleep(0.002)


def unbroken(folder: Path, kind: str, every: int) -> tuple[dict, float]:
    """The result of a training that nobody kills, without Resume, and its seconds from the first step on."""
    directory = folder / f"unbroken {kind} {every}"
    directory.mkdir()
    child = start(directory, kind, every, resume=False)
    wait(child, directory / "started")
    begin = time.perf_counter()
    if os.waitpid(child, 0)[1] != 0:
        sys.exit("the unbroken training failed")
    seconds = time.perf_counter() - begin
    result = json.loads((directory / "result.json").read_text())
    print(f"{kind}, every {EVERY[every]}: stopped at epoch {result['stopped']}, {seconds:.1f} s", flush=True)
    return result, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--kinds", default="arrays", help=f"separated by commas, of {', '.join(SCRIPTS)}")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", action="store_true", help="write results/stress_resume.csv")
    options = parser.parse_args()
    kinds = options.kinds.split(",")
    generator = np.random.default_rng(options.seed)
    rows, wrong, runs = [], 0, 0
    known: dict[tuple[str, int], tuple[dict, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        while len(rows) < options.kills:
            kind, every = kinds[runs % len(kinds)], (runs // len(kinds) + runs % len(kinds)) % len(EVERY)
            if (kind, every) not in known:
                known[kind, every] = unbroken(Path(folder), kind, every)
            expected, seconds = known[kind, every]
            runs += 1
            directory = Path(folder) / f"run{runs}"
            directory.mkdir()
            kills = []
            while True:
                child = start(directory, kind, every)
                if len(rows) + len(kills) < options.kills:
                    if generator.random() < 0.9:  # else the kill may hit the start
                        wait(child, directory / "started")
                    time.sleep(generator.uniform(0, 0.8 * seconds))
                    os.kill(child, signal.SIGKILL)
                status = os.waitpid(child, 0)[1]
                if os.WIFEXITED(status):
                    break
                files = Checkpoints(directory / "state")
                newest = files.newest()
                epoch, batch = newest[0] if newest else (None, None)
                loadable = newest is not None or not files.positions()
                kill = {"run": runs, "kind": kind, "every": EVERY[every], "epoch": epoch, "batch": batch}
                kills.append({**kill, "loadable": loadable})
            result = json.loads((directory / "result.json").read_text()) if status == 0 else None
            same = result == expected
            left = len(list((directory / "state").iterdir()))
            wrong += (not same) + (left > 2) + sum(not row["loadable"] for row in kills)
            rows += [{**row, "identical": same, "files_left": left} for row in kills]
            text = (
                f"run {runs}, {kind}, saved every {EVERY[every]}: {len(kills)} kills, identical: {same}, {left} files"
            )
            print(text, flush=True)
    print(f"{len(rows)} kills in {runs} trainings: {'all identical' if not wrong else f'{wrong} WRONG'}")
    if options.write:
        path = results_path("stress_resume")
        earlier = pd.read_csv(path).to_dict("records") if path.exists() else []
        earlier = [{**row, "kind": row.get("kind", "arrays")} for row in earlier]
        print(write_results("stress_resume", rows, [row for row in earlier if row["kind"] not in kinds]))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
