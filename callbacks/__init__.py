"""Keras callbacks for learning rates, gradients and validation. They work in any Keras script, without ``recipes``."""

if __name__ == "callbacks":  # the short name of keras_recipes.callbacks
    from keras_recipes.names import use_full_name

    use_full_name(globals())

from .adversarial import GradientSign as GradientSign
from .adversarial_training import AdversarialTraining as AdversarialTraining
from .averaged_weights import AveragedWeights as AveragedWeights
from .averaged_weights import StochasticWeightAveraging as StochasticWeightAveraging
from .batch_norm import RecalibrateBatchNorm as RecalibrateBatchNorm
from .batch_norm import recalibrate_batch_norm as recalibrate_batch_norm
from .checks import InvalidArgument as InvalidArgument
from .curves import Finding as Finding
from .curves import read_curves as read_curves
from .gradients.monitor import GradientMonitor as GradientMonitor
from .gradients.report import GradientReport as GradientReport
from .gradients.report import gradient_report as gradient_report
from .live_plot import LivePlot as LivePlot
from .micro_batches import MicroBatches as MicroBatches
from .mixed_examples import CutMix as CutMix
from .mixed_examples import MixUp as MixUp
from .range_test.lr_finder import LRFinder as LRFinder
from .range_test.lr_finder import find_learning_rate as find_learning_rate
from .resume.resume import Resume as Resume
from .schedules.base import StepSchedule as StepSchedule
from .schedules.constant_rate import ConstantRate as ConstantRate
from .schedules.cosine_decay import CosineDecay as CosineDecay
from .schedules.cosine_restarts import CosineRestarts as CosineRestarts
from .schedules.exponential_decay import ExponentialDecay as ExponentialDecay
from .schedules.inverse_time_decay import InverseTimeDecay as InverseTimeDecay
from .schedules.linear_decay import LinearDecay as LinearDecay
from .schedules.one_cycle import OneCycle as OneCycle
from .schedules.performance_decay import PerformanceDecay as PerformanceDecay
from .schedules.power_decay import PowerDecay as PowerDecay
from .schedules.step_decay import StepDecay as StepDecay
from .schedules.warm_up_stable_decay import WarmUpStableDecay as WarmUpStableDecay
from .several_validations import SeveralValidations as SeveralValidations
from .sharpness_aware import SharpnessAware as SharpnessAware
from .stop_on_nan import StopOnNaN as StopOnNaN
from .weight_noise import WeightNoise as WeightNoise

__all__ = [
    "AdversarialTraining",
    "AveragedWeights",
    "ConstantRate",
    "CosineDecay",
    "CosineRestarts",
    "CutMix",
    "ExponentialDecay",
    "Finding",
    "GradientMonitor",
    "GradientReport",
    "GradientSign",
    "InvalidArgument",
    "InverseTimeDecay",
    "LRFinder",
    "LinearDecay",
    "LivePlot",
    "MicroBatches",
    "MixUp",
    "OneCycle",
    "PerformanceDecay",
    "PowerDecay",
    "RecalibrateBatchNorm",
    "Resume",
    "SeveralValidations",
    "SharpnessAware",
    "StepDecay",
    "StepSchedule",
    "StochasticWeightAveraging",
    "StopOnNaN",
    "WarmUpStableDecay",
    "WeightNoise",
    "find_learning_rate",
    "gradient_report",
    "read_curves",
    "recalibrate_batch_norm",
]
