"""METHODS: methods beyond the training of a single recipe, by name: functions that train, combine or use models."""

from __future__ import annotations

from .catalogue import Catalogue, Entry, Range
from .diagnosis.distance_in_time import gradient_over_time
from .diagnosis.hessian_spectrum import curvature
from .dropout_sampling import mc_dropout
from .ensemble import bagging
from .linear_blend import blend_with_linear
from .models import multitask, siamese
from .random_labels import random_label_test
from .refitting import refit
from .regularization.tying import tie
from .robustness import adversarial_accuracy
from .transfer_learning import fine_tune, pretrain, transfer
from .tuning.comparison import Comparison
from .weight_sparsity import sparsify

__all__ = ["METHODS"]

METHODS = Catalogue(
    "method",
    [
        Entry(
            "refit",
            refit,
            "After early stopping: trains on the validation data too, for as long as early stopping found best.",
            "Goodfellow et al. 2016, algorithms 7.2 and 7.3",
            when="After early stopping, where data are few: worth 0.7 points on a table of 569 rows here. Not "
            "on many data, where it gained nothing.",
        ),
        Entry(
            "bagging",
            bagging,
            "Models trained on bootstrap samples, combined by average or vote.",
            "Breiman 1996",
            (Range("members", 2, 20, 5, log=False),),
            when="For unstable models on small data, with time for several trainings. Not where answers must "
            "be fast, or for models that hardly vary.",
        ),
        Entry(
            "ensemble",
            Comparison.ensemble,
            "The average of trainings that a search has kept, chosen on validation data; nothing is trained.",
            "Caruana et al. 2004",
            (Range("bags", 1, 50, 20, log=False),),
            when="After recipes.search(..., keep_weights=True), for a better score that may take several times as long "
            "to answer. Not where one model must be understood.",
        ),
        Entry(
            "blend_with_linear",
            blend_with_linear,
            "A network for tables and ridge or logistic regression in one model, in the share that does best.",
            "Wolpert 1992",
            when="After a model.fit of your own on a table; recipes.fit does it by itself. Not for images or texts, "
            "whose networks have no linear part.",
        ),
        Entry(
            "mc_dropout",
            mc_dropout,
            "Predictions with dropout left on: their mean, and how uncertain the model is of each.",
            "Gal and Ghahramani 2016",
            (Range("samples", 10, 1000, 100),),
            when="To find inputs that the model is unsure of. Needs a model with dropout, and time for many passes.",
        ),
        Entry(
            "siamese",
            siamese,
            "Parameter sharing: one encoder for two inputs, to tell whether they are of the same kind.",
            "Bromley et al. 1993",
            when="To verify pairs, such as signatures or faces, by one encoder. Not for a fixed set of "
            "classes with many examples.",
        ),
        Entry(
            "tie",
            tie,
            "Parameter tying: strength/2 * sum of squared differences between two models' kernels.",
            "Lasserre et al. 2006",
            (Range("strength", 1e-4, 1.0, 0.01),),
            when="For two tasks or inputs that are alike but not equal. If they are equal share the layers; "
            "if unrelated do neither.",
        ),
        Entry(
            "multitask",
            multitask,
            "One trunk for several tasks, each with its own head and loss.",
            "Caruana 1997",
            when="To let a task with few labels profit from one with many. Not for tasks that need other "
            "features; weigh the losses if one drowns the other.",
        ),
        Entry(
            "transfer",
            transfer,
            "A new head on the lower layers of a trained model, which stay frozen at first.",
            "Yosinski et al. 2014",
            when="For few labels, with a network trained on similar inputs: its lower layers were worth 4 points here. "
            "Not with all of them frozen for other classes, nor for unlike inputs.",
        ),
        Entry(
            "fine_tune",
            fine_tune,
            "Trains the head of a transferred model, then the layers below it at smaller rates.",
            "Howard and Ruder 2018",
            when="After transfer, where the frozen layers hold the score back. Not with a handful of labels, which the "
            "layers below would learn by heart.",
        ),
        Entry(
            "pretrain",
            pretrain,
            "Unsupervised pretraining: an encoder learned from inputs alone, reused for the task.",
            "Bengio et al. 2007",
            when="For many inputs of which few have labels. With labels for most, or a network to transfer "
            "from, it seldom pays.",
        ),
        Entry(
            "curvature",
            curvature,
            "The extreme eigenvalues of the Hessian: a minimum, a saddle or a slope, and the largest stable rate.",
            "LeCun et al. 1993; Dauphin et al. 2014",
            when="To see why a training stalls or a rate diverges. Not for large models in a hurry: it needs "
            "many Hessian-vector products.",
        ),
        Entry(
            "gradient_over_time",
            gradient_over_time,
            "How far back in a sequence the loss's gradient reaches in a recurrent network.",
            "Hochreiter 1991; Bengio et al. 1994",
            when="When a recurrent network misses what lies far back. Not for other networks, which have no steps.",
        ),
        Entry(
            "sparsify",
            sparsify,
            "Zeroes the smallest weights of a trained model, as after an L1 penalty.",
            "Géron 2019, ch. 11; Han et al. 2015",
            (Range("share", 0.5, 0.99, log=False),),
            when="After an L1 penalty, where a model must be small. Not without one: the weights left out then matter.",
        ),
        Entry(
            "random_label_test",
            random_label_test,
            "Trains on random labels: how much the model can learn by heart.",
            "Zhang et al. 2017",
            when="To see whether a model could learn the training data by heart. It says nothing about how "
            "well it generalizes.",
        ),
        Entry(
            "adversarial_accuracy",
            adversarial_accuracy,
            "The accuracy on inputs that were moved to raise the loss.",
            "Goodfellow et al. 2015",
            when="Where someone may tamper with inputs. It bounds one attack only; a stronger one may do worse.",
        ),
    ],
)
