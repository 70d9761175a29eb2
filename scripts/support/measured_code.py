"""Which code each results file measures: its numbers may differ once this code has changed.

The paths are files and folders of the repository. The script that wrote the rows counts too, with what it imports from
``scripts/support``; ``support/results_status.py`` reads it from their ``command`` and it is not listed here. Listed is
what the numbers are about, not everything that runs: otherwise any change would make every result old.
"""

from __future__ import annotations

__all__ = ["MEASURED_CODE"]

TRAINING = (
    "recipes/learning_rate.py",
    "recipes/recipe.py",
    "recipes/recipe_callbacks.py",
    "recipes/recipe_compile.py",
    "recipes/fitting.py",
    "recipes/trainer.py",
    "recipes/training.py",
    "recipes/training_length.py",
    "recipes/whole_epochs",
    "callbacks/schedules/one_cycle.py",
    "callbacks/schedules/shapes.py",
)
"""One training, and its rate."""

NETWORKS = (
    "recipes/activations.py",
    "recipes/initializers",
    "recipes/model_choice.py",
    "recipes/models",
)

DEFAULTS = (
    *TRAINING,
    *NETWORKS,
    "recipes/data/splitting",
    "recipes/data/statistics",
    "recipes/data/strings",
    "recipes/data/table_columns.py",
    "recipes/last_healthy.py",
    "recipes/linear_blend.py",
    "recipes/linear_fit.py",
    "recipes/optimizer_choice.py",
    "recipes/regularization/by_data.py",
    "recipes/regularization/early_stopping.py",
    "recipes/restarts.py",
)
"""A training where every choice is the default."""

LOADING = ("recipes/data",)
COMPARISON = (
    "recipes/judging",
    "recipes/tuning/arms.py",
    "recipes/tuning/designs.py",
    "recipes/tuning/judging",
    "recipes/tuning/plan.py",
    "recipes/tuning/protocol.py",
    "recipes/tuning/repeats.py",
    "recipes/tuning/space.py",
    "recipes/tuning/tuner.py",
)
"""What is trained in a search, and how it is judged."""

RANGE_TEST = ("callbacks/range_test", "recipes/learning_rate.py", "recipes/whole_epochs/sweep.py")
REGULARIZERS = ("recipes/data/augmentation.py", "recipes/regularization")

FAST = (
    *TRAINING,
    "recipes/data/augmentation.py",
    "recipes/data/pad_and_crop.py",
    "recipes/models/resnet9.py",
    "recipes/presets.py",
)

MEASURED_CODE: dict[str, tuple[str, ...]] = {
    "adversarial.csv": (
        "callbacks/adversarial.py",
        "callbacks/adversarial_training.py",
        "recipes/regularization/adversarial.py",
        "recipes/robustness.py",
        *TRAINING,
    ),
    "batch_norm.csv": ("callbacks/batch_norm.py", "recipes/models/mlp.py", *TRAINING),
    "bench": (*COMPARISON, *DEFAULTS),
    "bench_few_labels": (*COMPARISON, *REGULARIZERS, *TRAINING),
    "bench_optimizers": (*COMPARISON, "recipes/optimizers", *TRAINING),
    "benchmark_callbacks.csv": (
        "callbacks/gradients",
        "callbacks/inside",
        "callbacks/schedules/base.py",
        "callbacks/schedules/one_cycle.py",
        "callbacks/stop_on_nan.py",
    ),
    "benchmark.csv": (*TRAINING, "recipes/as_compiled", "recipes/tuning/quick", "recipes/tuning/running"),
    "benchmark_compare.csv": (
        "recipes/as_compiled",
        "recipes/tuning/compare.py",
        "recipes/tuning/run_search.py",
        "recipes/tuning/running",
        "recipes/whole_epochs",
    ),
    "benchmark_cnn.csv": (*TRAINING, "recipes/models/blocks.py", "recipes/models/cnn.py", "recipes/precision.py"),
    "benchmark_cnn_gpu.csv": (*TRAINING, "recipes/models/blocks.py", "recipes/models/cnn.py", "recipes/precision.py"),
    "benchmark_data.csv": LOADING,
    "benchmark_fit.csv": (*TRAINING, "recipes/data/batching.py", "recipes/shared_steps.py"),
    "benchmark_fit_gpu.csv": (*TRAINING, "recipes/data/batching.py", "recipes/shared_steps.py"),
    "benchmark_optimizers.csv": ("recipes/optimizers",),
    "benchmark_pack.csv": ("recipes/packed", "recipes/tuning/packing.py", *TRAINING),
    "benchmark_regularizer_cost.csv": ("recipes/ensemble.py", *REGULARIZERS, *TRAINING),
    "benchmark_search.csv": (
        "recipes/shared_steps.py",
        "recipes/fitting.py",
        "recipes/trainer.py",
        "recipes/tuning/hypermodel.py",
        "recipes/tuning/keras_tuner_inside.py",
        "recipes/tuning/ledger.py",
        "recipes/tuning/quick",
        "recipes/tuning/running",
        "recipes/tuning/tuner.py",
        "recipes/whole_epochs",
    ),
    "big_files.csv": (
        "recipes/data/disk",
        "recipes/data/files",
        "recipes/data/image_folders.py",
        "recipes/data/images",
    ),
    "benchmark_training.csv": (
        *TRAINING,
        *(
            "recipes/new_models.py",
            "recipes/shared_steps.py",
            "recipes/step_numbers.py",
            "recipes/whole_epochs",
            "recipes/tuning/running/worker.py",
        ),
    ),
    "builders.csv": (
        "recipes/data/tfds",
        "recipes/description.py",
        "recipes/models/by_data.py",
        "recipes/serving/export.py",
        "recipes/serving/signatures.py",
        "tests/recipes/data/builders.py",
    ),
    "damaged_checkpoints.csv": ("callbacks/resume",),
    "damaged_files.csv": (
        *("recipes/stored", "recipes/saved_run.py", "recipes/serving/saved_model.py", "recipes/data/known_settings.py"),
        *(f"recipes/tuning/{name}.py" for name in ("settings", "known_settings", "environment_file", "benchmark")),
        *(f"recipes/tuning/{name}.py" for name in ("ledger", "record", "scores_in_range", "outcomes")),
    ),
    "default_cases.csv": DEFAULTS,
    "defaults.csv": DEFAULTS,
    "doctor.csv": ("recipes/diagnosis", "tests/recipes/diagnosis/patients.py"),
    "early_stopping.csv": ("recipes/regularization/early_stopping.py", *TRAINING),
    "embedded.csv": (*DEFAULTS, *REGULARIZERS),
    "examples.csv": ("callbacks", "examples"),
    "ensemble.csv": ("recipes/ensemble.py", "recipes/tuning/ensembles", *COMPARISON),
    "fast.csv": FAST,
    "fast_gpu.csv": FAST,
    "formats.csv": ("recipes/ensemble.py", "recipes/models", "recipes/serving"),
    "fuzz_doors.csv": LOADING,
    "fuzz_examples.csv": (*LOADING, "recipes/serving"),
    "faults.csv": (
        *(
            "callbacks/resume",
            "recipes/files.py",
            "recipes/machine_fault.py",
            "recipes/fitting.py",
            "recipes/trainer.py",
            "recipes/cli/__init__.py",
            "recipes/cli/app.py",
        ),
        *(f"recipes/tuning/{name}.py" for name in ("ledger", "run_search", "search_files", "comparison", "outcomes")),
        *("recipes/tuning/running", "recipes/serving/export.py", "recipes/report/page.py"),
    ),
    "fuzz.csv": ("callbacks", "recipes"),
    "gradients.csv": ("callbacks/gradients",),
    "long_runs.csv": (
        "callbacks/inside/custom_gradients.py",
        "recipes/seeding.py",
        "recipes/shared_steps.py",
        "recipes/tuning/keras_tuner_inside.py",
        "recipes/tuning/quick",
    ),
    "metrics.csv": (
        "recipes/metric_functions.py",
        "recipes/metric_influences.py",
        "recipes/metrics.py",
        "recipes/scoring.py",
        *COMPARISON,
    ),
    "mnist.csv": (*TRAINING, *NETWORKS, "recipes/data/augmentation.py", "recipes/data/pad_and_crop.py"),
    "optimizers.csv": ("recipes/optimizers", *TRAINING),
    "precision.csv": ("recipes/precision.py", *TRAINING),
    "protocol.csv": ("recipes/tuning/continuing.py", *COMPARISON),
    "pruning.csv": ("recipes/tuning/idle_pruning.py", "recipes/tuning/pruning.py", "recipes/tuning/running", *TRAINING),
    "quickstart": (*COMPARISON, *DEFAULTS),
    "random_labels.csv": ("recipes/models/mlp.py", "recipes/random_labels.py", *TRAINING),
    "range_test.csv": RANGE_TEST,
    "refit.csv": ("recipes/refitting.py", "recipes/regularization/early_stopping.py", *TRAINING),
    "regularizers.csv": (*REGULARIZERS, *TRAINING),
    "reproduce_depth.csv": (*TRAINING, *NETWORKS),
    "reproduce_stars.csv": ("recipes/optimizers", *COMPARISON, *TRAINING, *NETWORKS),
    "reproduce_zeiler.csv": ("recipes/optimizers", *TRAINING, *NETWORKS),
    "reproduce_zhang.csv": ("recipes/random_labels.py", *TRAINING, *NETWORKS),
    "scoring.csv": ("recipes/data/files", "recipes/serving"),
    "search_digits": (*COMPARISON, *DEFAULTS),
    "search_mnist": (*COMPARISON, *DEFAULTS),
    "second_order.csv": (
        "recipes/optimizers/batch_loss.py",
        "recipes/optimizers/batch_loss_optimizer.py",
        "recipes/optimizers/hessian_free.py",
        "recipes/optimizers/line_search.py",
        "recipes/optimizers/momentum.py",
        "recipes/optimizers/newton.py",
    ),
    "few_repeats.csv": ("recipes/judging/dunnett.py", "recipes/judging/noise.py"),
    "signal.csv": ("recipes/activations.py", "recipes/initializers", "recipes/models/mlp.py"),
    "stress_resume.csv": ("callbacks/inside", "callbacks/resume"),
    "survival.csv": (
        "recipes/tuning/ledger.py",
        "recipes/tuning/resuming.py",
        "recipes/tuning/run_search.py",
        "recipes/tuning/running",
    ),
    "techniques.csv": (
        "scripts/techniques",
        "callbacks/gradients/idle_units.py",
        *(f"recipes/{name}.py" for name in ("bias_variance", "dropout_sampling", "ensemble", "presets", "refitting")),
        *("recipes/weight_sparsity.py", "recipes/data/augmentation.py", "recipes/models/encoder_decoder.py"),
        *(f"recipes/diagnosis/{name}.py" for name in ("distance_in_time", "hessian_spectrum")),
        *(f"recipes/optimizers/{name}.py" for name in ("conjugate_gradient", "line_search")),
        *(f"recipes/regularization/{name}.py" for name in ("early_stopping", "hidden_noise")),
        *("recipes/initializers", "recipes/tuning/ensembles"),
    ),
    "tables.csv": (*DEFAULTS, "recipes/data/files", "tests/tables"),
    "transfer.csv": ("recipes/transfer_learning", *TRAINING),
    "verdicts.csv": (*COMPARISON, *TRAINING),
    "weight_decay.csv": (
        "recipes/optimizers/base.py",
        "recipes/optimizers/sgd.py",
        "recipes/regularization/l2.py",
        "recipes/regularization/penalties.py",
        "recipes/regularization/weight_decay.py",
    ),
}
"""The paths of each file or folder under ``results/``."""
