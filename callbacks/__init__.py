"""Plain Keras callbacks for the size of a training step. They work in any Keras script, with nothing else from here."""

from callbacks.checks import InvalidArgument as InvalidArgument
from callbacks.gradient_monitor import GradientMonitor as GradientMonitor
from callbacks.gradient_report import GradientReport as GradientReport
from callbacks.gradient_report import gradient_report as gradient_report
from callbacks.lr_finder import LRFinder as LRFinder
from callbacks.lr_finder import find_learning_rate as find_learning_rate
from callbacks.one_cycle import OneCycle as OneCycle
from callbacks.step_schedule import StepSchedule as StepSchedule
from callbacks.stop_on_nan import StopOnNaN as StopOnNaN

__all__ = [
    "GradientMonitor",
    "GradientReport",
    "InvalidArgument",
    "LRFinder",
    "OneCycle",
    "StepSchedule",
    "StopOnNaN",
    "find_learning_rate",
    "gradient_report",
]
