"""Wrong arguments, and wrong words of the command line: each call must be right or refused in one line.

    python scripts/fuzz.py --minutes 60                          # writes results/fuzz.csv
    python scripts/fuzz.py --minutes 5 --only fit --state f.jsonl   # some calls; again: goes on where it ended
    python scripts/fuzz.py --again f.jsonl                       # its wrong calls with the code of now: adds them

From the signature of each public function, class and method, and a call that works (`scripts/fuzzing/calls.py`), one
argument after another is replaced by each value of a pool (`pool.py`), and by values of right types that do not fit
(`misfits.py`: the data of another model). Methods of callbacks are called before a training too, and hooks without a
model. The options of each command get wrong words, on the command line and in a file (`command_line.py`). A call is

- right: it ends, and the value is of the annotated types;
- refused: by an InvalidArgument, or another error that a `raise` of this package raised, in one line;
- unclear: refused in several lines;
- foreign: ended by another error; exotic: so too, or a pass over all, but for a list that contains itself, or an array
  of 400 TB;
- senseless: accepted, though the value is of none of the annotated types, or numbers that came of it are not finite;
- hang: takes more than 30 processor seconds or 5 minutes (ten times that for searches and for the usual number of
  epochs), or ends its process.

Models are not compiled to graphs. The order is random, by a seed; the state file keeps what came of each.

Not called: two wrong arguments at once; other processes and clusters (`workers=`, `ray=`); models, losses, layers and
callbacks of the user's own that fail; other backends; methods that Keras or KerasTuner calls. Damaged files and faults
of the machine have scripts of their own, `scripts/measure/damage_files.py` and `scripts/measure/inject_faults.py`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.fuzzing.running import WRONG, read, rows, run
from scripts.support.results import results_path, write_results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10_000, help="stop after so many; by default a week")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--count", type=int, help="cases; by default all")
    parser.add_argument("--seed", type=int, default=0, help="of the order of the cases")
    parser.add_argument("--only", nargs="+", default=[], help="parts of the names of calls; nothing is written")
    parser.add_argument("--state", type=Path, help="a file that keeps the outcomes, to go on later")
    parser.add_argument("--again", type=Path, help="the state file of a run, whose wrong calls are made again")
    parser.add_argument("--add", action="store_true", help="keep the rows of results/fuzz.csv and add to them")
    options = parser.parse_args()
    state = options.state or Path(tempfile.mkdtemp()) / "fuzz.jsonl"
    run(
        state.resolve(),
        seed=options.seed,
        first=options.first,
        count=options.count,
        minutes=options.minutes,
        only=options.only,
        again=None if options.again is None else options.again.resolve(),
    )
    outcomes = read(state)
    table = rows(outcomes)
    for row in table:
        print("  ".join(str(value) for value in row.values()))
    again = options.again is not None
    if again or not options.only:
        kept = pd.read_csv(results_path("fuzz"), keep_default_na=False) if again or options.add else None
        marked = [
            {**row, "what": f"{row['what']}, again", "seed": ""} if again else {**row, "seed": options.seed}
            for row in table
        ]
        print(write_results("fuzz", marked, kept=[] if kept is None else kept.to_dict("records")))
    sys.exit(any(entry["result"] in WRONG for entry in outcomes))


if __name__ == "__main__":
    main()
