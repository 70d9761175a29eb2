"""RealMLP with its tuned defaults, run by a Python with pytabkit: reads a pickled training set, writes predictions.

Source: Holzmüller, Grinsztajn & Steinwart 2024, "Better by default", https://arxiv.org/abs/2407.04491.
"""

from __future__ import annotations

import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pandas as pd


def main() -> None:
    request, answer = sys.argv[1:]
    task, x, y, x_test, words, seed = pickle.loads(Path(request).read_bytes())
    from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

    kind = RealMLP_TD_Classifier if task == "classification" else RealMLP_TD_Regressor
    threads = int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1))
    model = kind(device="cpu", random_state=seed, n_threads=threads, verbosity=0)
    model.fit(pd.DataFrame(x), y, cat_col_names=words)
    new = pd.DataFrame(x_test)
    predicted = model.predict(new) if task == "regression" else model.predict_proba(new)
    with open(answer, "wb") as file:
        np.save(file, np.asarray(predicted))


if __name__ == "__main__":
    main()
