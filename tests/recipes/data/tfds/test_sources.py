import numpy as np
import pytest
import tensorflow_datasets as tfds

from recipes.data.tfds.sources import sources_of

F = tfds.features


@pytest.mark.parametrize(
    ("feature", "what"),
    [
        (F.Audio(), "audio; compute spectrograms of shape (steps, size) for Data.from_arrays"),
        (
            F.Video(shape=(None, 8, 8, 3)),
            "video; compute one vector a frame, of shape (steps, size), for Data.from_arrays",
        ),
        (F.Sequence({"bbox": F.BBoxFeature(), "label": np.int64}), "several objects an example, each with bbox, label"),
        (F.Sequence(F.Sequence(np.int32)), "sequences within a sequence"),
        (F.Sequence(F.Image(shape=(4, 4, 3))), "several images an example"),
        (F.Sequence(F.Text()), "several texts an example"),
        (F.Tensor(shape=(4,), dtype=np.str_), "several texts an example"),
        (F.Sequence(F.Audio()), "a sequence of Audio, which no model here takes"),
        (F.TranslationVariableLanguages(("de", "en")), "translations into languages that vary"),
        (F.Dataset({"a": np.float32}), "a dataset within each example"),
        (F.Tensor(shape=(4, 4, 7), dtype=np.float32), "an array of shape (4, 4, 7), neither an image (height, width,"),
        (F.Tensor(shape=(2, 3, 4, 5), dtype=np.float32), "an array of shape (2, 3, 4, 5), neither"),
        (F.Tensor(shape=(None, None), dtype=np.float32), "an array of shape (None, None), neither"),
    ],
)
def test_why_a_feature_is_unusable_is_said_in_words(feature, what):
    sources, unusable = sources_of(F.FeaturesDict({"f": feature, "label": F.ClassLabel(num_classes=2)}))
    assert [source.name for source in sources] == ["label"]
    assert unusable["f"].startswith(what)
