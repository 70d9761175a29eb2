"""Transfer learning: pretrain on inputs alone, transfer to a new head, then unfreeze."""

from __future__ import annotations

from ..models.backbones import BACKBONES
from .corruption import corrupt
from .new_head import transfer
from .pretraining import Pretrained, pretext, pretrain
from .unfreezing import fine_tune, unfreeze

__all__ = ["BACKBONES", "Pretrained", "corrupt", "fine_tune", "pretext", "pretrain", "transfer", "unfreeze"]
