"""RandAugment and AugMix: random sequences of the operations of Pillow, drawn for each image."""
