"""The metrics of a search in its settings: by name; those of one's own with what they are imported from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...callbacks.checks import InvalidArgument
from ..metric import Metric
from ..metrics import METRICS, is_own, metric_named
from ..registration.origins import imported, is_on_path, origin_of

__all__ = ["check_importable", "metric_settings", "metrics_in"]


def metric_settings(metrics: Sequence[Metric]) -> dict[str, Any]:
    """The settings "metric" and "direction" of the one that decides, and "metrics" if there are several or own ones.

    Example:
        >>> metric_settings([METRICS["auc"], METRICS["f1"]])["metrics"]
        [{'name': 'auc', 'direction': 'max'}, {'name': 'f1', 'direction': 'max'}]
    """
    settings: dict[str, Any] = {"metric": metrics[0].name, "direction": metrics[0].direction}
    if len(metrics) > 1 or any(map(is_own, metrics)):
        settings["metrics"] = [
            {"name": metric.name, "direction": metric.direction, **_origin(metric)} for metric in metrics
        ]
    return settings


def metrics_in(settings: Mapping[str, Any]) -> tuple[Metric, ...] | None:
    """The metrics of a search, first the one that decides; None without any.

    Those of one's own that this program has not registered have no function.

    Raises:
        InvalidArgument: for an unknown name.
    """
    if "metrics" not in settings:
        return None if settings.get("metric") is None else (metric_named(settings["metric"]),)
    return tuple(map(_read, settings["metrics"]))


def check_importable(metrics: Sequence[Metric]) -> None:
    """Raises for a metric that other processes could not import.

    Raises:
        InvalidArgument: naming what it is imported from.
    """
    for metric in metrics:
        origin = _origin(metric).get("origin", "")
        if is_own(metric) and not (is_on_path(origin) and imported(origin) is _made_by(metric)):
            accepted = f"defined in a module that other processes can import, not as {origin}; or workers=1"
            raise InvalidArgument("metric", metric.name, accepted)


def _made_by(metric: Metric) -> Any:
    return getattr(metric.function, "made_by", metric.function)


def _origin(metric: Metric) -> dict[str, Any]:
    if not is_own(metric) or metric.function is None:
        return dict(metric.origin or {})
    options = getattr(metric.function, "options", None)
    return {"origin": origin_of(_made_by(metric)), **({"options": options} if options else {})}


def _read(listed: Any) -> Metric:
    if not isinstance(listed, dict) or not isinstance(listed.get("name"), str):
        raise InvalidArgument("metrics", listed, "a name, a direction and perhaps an origin")
    name, origin = listed["name"], {key: listed[key] for key in ("origin", "options") if key in listed}
    if not origin or name in METRICS:
        return metric_named(name)
    return Metric(name, listed.get("direction", ""), origin=origin)
