"""What a network has learned, for another task: pretrain on inputs alone, transfer to a new head, then unfreeze."""

from __future__ import annotations

from recipes.transfer_learning.backbones import BACKBONES
from recipes.transfer_learning.corruption import corrupt
from recipes.transfer_learning.new_head import transfer
from recipes.transfer_learning.pretraining import Pretrained, pretext, pretrain
from recipes.transfer_learning.unfreezing import fine_tune, unfreeze

__all__ = ["BACKBONES", "Pretrained", "corrupt", "fine_tune", "pretext", "pretrain", "transfer", "unfreeze"]
