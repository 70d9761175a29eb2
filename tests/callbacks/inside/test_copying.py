"""copy_sharing: what is shared and what is not."""

import copy

from callbacks.inside.copying import copy_sharing


class Holder:
    def __init__(self):
        self.data, self.seen, self.me = [1], [2], self

    def __deepcopy__(self, memo):
        return copy_sharing(self, memo, "data")


def test_only_the_named_attribute_is_shared():
    one = Holder()
    pair = copy.deepcopy([one, one])
    assert pair[0] is pair[1] is pair[0].me is not one
    assert pair[0].data is one.data
    assert pair[0].seen == one.seen
    assert pair[0].seen is not one.seen
