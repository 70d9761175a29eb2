"""The callbacks other than schedules: name -> class in ``callbacks``."""

from __future__ import annotations

from .. import callbacks
from .catalogue import Catalogue, Entry

__all__ = ["CALLBACKS"]


CALLBACKS = Catalogue(
    "callback",
    [
        Entry(
            "lr_finder",
            callbacks.LRFinder,
            "The learning-rate range test: sweeps the rate over one short run and suggests one.",
            "Smith 2017",
        ),
        Entry(
            "stop_on_nan",
            callbacks.StopOnNaN,
            "Stops a training that has diverged and says where, and at which rate.",
            "part of the default setup",
        ),
        Entry(
            "gradient_monitor",
            callbacks.GradientMonitor,
            "Gradient norms and activation scales of every layer, and whether they vanish or explode.",
            "Glorot and Bengio 2010",
        ),
        Entry(
            "several_validations",
            callbacks.SeveralValidations,
            "Validates several times an epoch, for early stopping and best weights too.",
            "Prechelt 1998",
        ),
        Entry(
            "recalibrate_batch_norm",
            callbacks.RecalibrateBatchNorm,
            "Recomputes batch-norm statistics over all training data at the end, layer by layer.",
            "Ioffe and Szegedy 2015, algorithm 2",
        ),
        Entry(
            "averaged_weights",
            callbacks.AveragedWeights,
            "Validation, checkpoints and the trained model have the optimizer's average of the weights.",
            "Polyak and Juditsky 1992",
        ),
        Entry(
            "stochastic_weight_averaging",
            callbacks.StochasticWeightAveraging,
            "The mean of the weights at the ends of the last epochs, for any optimizer.",
            "Izmailov et al. 2018",
        ),
        Entry(
            "sharpness_aware",
            callbacks.SharpnessAware,
            "Each step takes its gradient where the loss is highest nearby.",
            "Foret et al. 2021",
        ),
        Entry(
            "adversarial_training",
            callbacks.AdversarialTraining,
            "Trains on each batch together with its adversarial examples.",
            "Goodfellow et al. 2015",
        ),
        Entry(
            "mixup", callbacks.MixUp, "Mixtures of two examples, with the mixture of their losses.", "Zhang et al. 2018"
        ),
        Entry("cutmix", callbacks.CutMix, "Images with a rectangle of another one, losses mixed.", "Yun et al. 2019"),
        Entry(
            "weight_noise",
            callbacks.WeightNoise,
            "Gaussian noise on the kernels during each training step.",
            "Jim et al. 1996",
        ),
        Entry(
            "micro_batches",
            callbacks.MicroBatches,
            "Computes each batch in parts and applies their mean gradient: large batches in little memory.",
            "gradient accumulation within a step",
        ),
        Entry(
            "live_plot",
            callbacks.LivePlot,
            "Redraws the curves of the training after each epoch, in a notebook or in a picture on disk.",
            "fastai's ProgressBar with graphs",
        ),
        Entry(
            "resume",
            callbacks.Resume,
            "Resumes a killed training bit for bit: weights, optimizer, position, History, every callback's state.",
            "beyond Keras' BackupAndRestore",
        ),
    ],
)
