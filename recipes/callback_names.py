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
            when="Before a first training with a new model or new data. Not to choose between near rates: a "
            "search tunes them by validation.",
        ),
        Entry(
            "stop_on_nan",
            callbacks.StopOnNaN,
            "Stops a training that has diverged and says where, and at which rate.",
            "part of the default setup",
            when="In every script: an epoch of NaN teaches nothing. recipes.fit has it already.",
        ),
        Entry(
            "gradient_monitor",
            callbacks.GradientMonitor,
            "Gradient norms and activation scales of every layer, and whether they vanish or explode.",
            "Glorot and Bengio 2010",
            when="When a deep network does not learn, or before one is trained for long. Not all the time: "
            "each measurement is a further gradient.",
        ),
        Entry(
            "several_validations",
            callbacks.SeveralValidations,
            "Validates several times an epoch, for early stopping and best weights too.",
            "Prechelt 1998",
            when="For epochs so long that overfitting begins within one. Not for short epochs, where "
            "validating would cost more than training.",
        ),
        Entry(
            "recalibrate_batch_norm",
            callbacks.RecalibrateBatchNorm,
            "Recomputes batch-norm statistics over all training data at the end, layer by layer.",
            "Ioffe and Szegedy 2015, algorithm 2",
            when="After short trainings with batch normalization, and after weights were averaged or changed "
            "by hand. After long ones under 1cycle it changed nothing here.",
        ),
        Entry(
            "averaged_weights",
            callbacks.AveragedWeights,
            "Validation, checkpoints and the trained model have the optimizer's average of the weights.",
            "Polyak and Juditsky 1992",
            when="With use_ema=True of any Keras optimizer and with schedule-free ones, whose averages fit "
            "alone would not validate. Without an average it has nothing to do.",
        ),
        Entry(
            "stochastic_weight_averaging",
            callbacks.StochasticWeightAveraging,
            "The mean of the weights at the ends of the last epochs, for any optimizer.",
            "Izmailov et al. 2018",
            when="In a script at a constant or cyclic rate; in a recipe it is the regularizer swa. Not with "
            "averaged_weights: one average is enough.",
        ),
        Entry(
            "sharpness_aware",
            callbacks.SharpnessAware,
            "Each step takes its gradient where the loss is highest nearby.",
            "Foret et al. 2021",
            when="In a script that has time for two gradients a step; in a recipe it is the regularizer sam. "
            "Not under distribution strategies that it refuses.",
        ),
        Entry(
            "adversarial_training",
            callbacks.AdversarialTraining,
            "Trains on each batch together with its adversarial examples.",
            "Goodfellow et al. 2015",
            when="In a script whose model must stand tampered inputs; in a recipe it is the regularizer "
            "adversarial. Not for inputs of words or categories, which cannot be moved a little.",
        ),
        Entry(
            "mixup",
            callbacks.MixUp,
            "Mixtures of two examples, with the mixture of their losses.",
            "Zhang et al. 2018",
            when="In a script on images or numbers that trains for tens of epochs; in a recipe it is the "
            "regularizer of this name. Not for a few epochs: mixtures are learned more slowly.",
        ),
        Entry(
            "cutmix",
            callbacks.CutMix,
            "Images with a rectangle of another one, losses mixed.",
            "Yun et al. 2019",
            when="In a script on photographs that overfits; in a recipe it is the regularizer of this name. "
            "Not on tables and sequences, which have no rectangles.",
        ),
        Entry(
            "weight_noise",
            callbacks.WeightNoise,
            "Gaussian noise on the kernels during each training step.",
            "Jim et al. 1996",
            when="In a script with a recurrent or small dense network; in a recipe it is the regularizer of "
            "this name. Not with input noise at once: tune one of the two.",
        ),
        Entry(
            "micro_batches",
            callbacks.MicroBatches,
            "Computes each batch in parts and applies their mean gradient: large batches in little memory.",
            "gradient accumulation within a step",
            when="Where a batch does not fit into an accelerator's memory. Not where it fits: parts are "
            "slower, and batch normalization sees each alone.",
        ),
        Entry(
            "live_plot",
            callbacks.LivePlot,
            "Redraws the curves of the training after each epoch, in a notebook or in a picture on disk.",
            "fastai's ProgressBar with graphs",
            when="For a training of minutes that is watched in a notebook. Not for hundreds of short epochs: "
            "drawing would take longer.",
        ),
        Entry(
            "resume",
            callbacks.Resume,
            "Resumes a killed training bit for bit: weights, optimizer, position, History, every callback's state.",
            "beyond Keras' BackupAndRestore",
            when="For any training that it would hurt to lose. Not for a few seconds of it: it writes weights "
            "and state at each epoch's end.",
        ),
    ],
)
