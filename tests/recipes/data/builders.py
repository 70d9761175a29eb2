"""Published TFDS builders prepared from records made here: every value goes through the builder's own features."""

import keras
import numpy as np
import tensorflow_datasets as tfds

WORDS = ["the", "film", "story", "plot", "good", "bad", "great", "dull", "acting", "never", "always", "left"]

CASES: list[tuple[str, dict, dict]] = [
    ("mnist", {}, {"train": 200, "test": 40}),
    ("cifar10", {}, {"train": 100, "test": 30}),
    ("cats_vs_dogs", {"image_size": (32, 32)}, {"train": 80}),
    ("dsprites", {"target": "value_scale", "features": ["image"]}, {"train": 40}),
    ("voc/2007", {"target": "labels", "features": ["image"], "image_size": (32, 32)}, {"train": 60, "test": 20}),
    (
        "celeb_a",
        {"target": ["attributes.Smiling", "attributes.Young"], "features": ["image"], "image_size": (32, 32)},
        {"train": 60, "test": 20},
    ),
    ("smallnorb", {"target": "label_category"}, {"train": 40, "test": 20}),
    ("iris", {}, {"train": 120}),
    ("german_credit_numeric", {}, {"train": 100}),
    ("penguins/processed", {}, {"train": 80}),
    ("titanic", {"exclude": ["boat", "body"]}, {"train": 200}),
    ("wine_quality/white", {}, {"train": 150}),
    ("diamonds", {}, {"train": 100}),
    ("forest_fires", {"target": "area"}, {"train": 80}),
    ("movielens/100k-ratings", {"target": "user_rating", "exclude": ["movie_genres"]}, {"train": 100}),
    ("imdb_reviews/plain_text", {}, {"train": 150, "test": 50}),
    ("glue/sst2", {"exclude": ["idx"]}, {"train": 100, "validation": 30}),
    ("glue/mnli", {"exclude": ["idx"]}, {"train": 100}),
    ("glue/rte", {"exclude": ["idx"]}, {"train": 100, "validation": 30, "test": 20}),
    ("glue/stsb", {"target": "label", "exclude": ["idx"]}, {"train": 100, "validation": 30, "test": 20}),
    ("snli", {}, {"train": 100, "validation": 30, "test": 20}),
    ("oxford_iiit_pet", {"image_size": (32, 32)}, {"train": 222, "test": 37}),
]
"""Builders of many shapes: name with config, options of the loader, and how many records each split gets."""

REFUSED = {
    "wmt14_translate/de-en": "a dataset with a target to predict; 'en' is a text in another language, while models",
    "ted_multi_translate": "Candidates: talk_name. .* translations: translations into languages that vary",
    "coco/2017": "a target to predict; .* objects: several objects an example, each with area, bbox, id,",
    "wider_face": "faces: several objects an example, each with bbox, blur,",
    "speech_commands": "an input that a model here takes; its own 'audio' is audio; compute spectrograms",
    "librispeech": "features must be given; its own 'speech' is audio; .* Candidates: chapter_id, id, speaker_id",
    "ucf101": "an input that a model here takes; none is left .* video: video; compute one vector a frame",
    "squad": "Candidates: context, question, title. .* answers: several objects an example, each with answer",
    "natural_questions": "question.tokens: several texts an example",
    "scene_parse150": "'annotation' is of kind image, while models here predict classes, sets of classes or numbers",
    "lm1b": "its own input 'text' is the target, too",
    "d4rl_mujoco_ant": "it names no target and has 0 ClassLabels. .* steps: a dataset within each example",
}
"""Builders of which no model here makes anything, or not without a choice: name -> why, a pattern."""


def prepare(name, folder, sizes, change=lambda record, number: record):
    """Writes a builder's splits below ``folder`` with records of the right form and random content.

    Args:
        name: of a TFDS builder, with its config.
        folder: for the prepared dataset.
        sizes: split -> number of records.
        change: gets each record and its number; answers what to write.
    """
    original = tfds.builder(name, data_dir=folder)
    kind = type(original)
    with tfds.core.registered.skip_registration():

        class Prepared(kind):
            def _split_generators(self, *_, **__):
                return {split: self._records(split, size) for split, size in sizes.items()}

            def _records(self, split, size):
                random = np.random.default_rng([len(split), size])
                for number in range(size):
                    record = change(value(self.info.features, random, number), number)
                    yield f"{split}{number}", self._labelled(record, split, number)

            def _labelled(self, record, split, number):
                """The record as published: test splits of GLUE have no labels, nor have some examples of SNLI."""
                missing = {"glue": split == "test", "snli": number % 10 == 5}
                if kind.name == "glue":
                    record = {**record, "label": abs(record["label"])}
                return {**record, "label": -1} if missing.get(kind.name) else record

        Prepared.__name__ = kind.__name__
        Prepared.name = kind.name
        Prepared.__module__ = kind.__module__
        Prepared.pkg_dir_path = getattr(kind, "pkg_dir_path", None)
        config = original.builder_config.name if original.builder_config else None
        builder = Prepared(data_dir=folder, config=config)
        builder.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))
    return folder


def value(feature, random, number):
    """A random value of any feature that the loader takes."""
    kinds = tfds.features
    if isinstance(feature, kinds.Sequence):
        length = keras.tree.flatten(feature.get_tensor_info())[0].shape[0] or int(random.integers(1, 4))
        return [value(feature.feature, random, number) for _ in range(length)]
    if isinstance(feature, kinds.FeaturesDict):
        return {key: value(each, random, number) for key, each in feature.items()}
    if isinstance(feature, kinds.ClassLabel):
        return int(number % feature.num_classes)
    if isinstance(feature, kinds.Image):
        height, width, channels = feature.shape
        shape = (height or random.integers(20, 40), width or random.integers(20, 40), channels or 3)
        return random.integers(0, 256, shape).astype(np.uint8)
    if isinstance(feature, kinds.BBoxFeature):
        return kinds.BBox(0.1, 0.1, 0.5, 0.5)
    dtype = np.dtype(feature.np_dtype)
    if dtype.kind in "OSU":
        return " ".join(random.choice(WORDS, random.integers(3, 12)))
    shape = tuple(3 if size is None else size for size in feature.shape)
    if dtype.kind == "b":
        return random.random(shape) > 0.5 if shape else bool(random.random() > 0.5)
    if dtype.kind in "iu":
        return random.integers(0, 100, shape).astype(dtype) if shape else int(random.integers(0, 100))
    return random.normal(size=shape).astype(dtype) if shape else float(random.normal())
