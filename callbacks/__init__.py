"""Plain Keras callbacks for the size of a training step. They work in any Keras script, with nothing else from here."""

from callbacks.adversarial import GradientSign as GradientSign
from callbacks.adversarial_training import AdversarialTraining as AdversarialTraining
from callbacks.batch_norm import RecalibrateBatchNorm as RecalibrateBatchNorm
from callbacks.batch_norm import recalibrate_batch_norm as recalibrate_batch_norm
from callbacks.checks import InvalidArgument as InvalidArgument
from callbacks.constant_rate import ConstantRate as ConstantRate
from callbacks.cosine_decay import CosineDecay as CosineDecay
from callbacks.cosine_restarts import CosineRestarts as CosineRestarts
from callbacks.curves import Finding as Finding
from callbacks.curves import read_curves as read_curves
from callbacks.exponential_decay import ExponentialDecay as ExponentialDecay
from callbacks.gradient_monitor import GradientMonitor as GradientMonitor
from callbacks.gradient_report import GradientReport as GradientReport
from callbacks.gradient_report import gradient_report as gradient_report
from callbacks.inverse_time_decay import InverseTimeDecay as InverseTimeDecay
from callbacks.linear_decay import LinearDecay as LinearDecay
from callbacks.lr_finder import LRFinder as LRFinder
from callbacks.lr_finder import find_learning_rate as find_learning_rate
from callbacks.one_cycle import OneCycle as OneCycle
from callbacks.performance_decay import PerformanceDecay as PerformanceDecay
from callbacks.power_decay import PowerDecay as PowerDecay
from callbacks.resume import Resume as Resume
from callbacks.several_validations import SeveralValidations as SeveralValidations
from callbacks.step_decay import StepDecay as StepDecay
from callbacks.step_schedule import StepSchedule as StepSchedule
from callbacks.stop_on_nan import StopOnNaN as StopOnNaN
from callbacks.weight_noise import WeightNoise as WeightNoise

__all__ = [
    "AdversarialTraining",
    "ConstantRate",
    "CosineDecay",
    "CosineRestarts",
    "ExponentialDecay",
    "Finding",
    "GradientMonitor",
    "GradientReport",
    "GradientSign",
    "InvalidArgument",
    "InverseTimeDecay",
    "LRFinder",
    "LinearDecay",
    "OneCycle",
    "PerformanceDecay",
    "PowerDecay",
    "RecalibrateBatchNorm",
    "Resume",
    "SeveralValidations",
    "StepDecay",
    "StepSchedule",
    "StopOnNaN",
    "WeightNoise",
    "find_learning_rate",
    "gradient_report",
    "read_curves",
    "recalibrate_batch_norm",
]
