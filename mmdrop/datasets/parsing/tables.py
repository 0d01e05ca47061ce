"""Classes of the usual human parsing data sets, as the limbs they show."""

import numpy as np

from mmdrop.datasets.parsing.limbs import LIMBS
from mmdrop.datasets.parsing.part_groups import PartGroups

_HEAD = ('head',)
_TORSO = ('upper_torso', 'lower_torso')
_LEFT_ARM = ('left_upper_arm', 'left_forearm')
_RIGHT_ARM = ('right_upper_arm', 'right_forearm')
_LEGS = ('left_leg', 'right_leg')
_FEET = ('left_foot', 'right_foot')
_FOREARMS = ('left_forearm', 'right_forearm')

# Class index to limbs; an index that is absent here is background.
_LIP = {
    **dict.fromkeys((1, 2, 4, 13), _HEAD),  # hat, hair, sunglasses, face
    3: _FOREARMS,  # glove
    **dict.fromkeys((5, 6, 7, 10, 11), _TORSO),  # upper clothes, dress, coat, jumpsuit, scarf
    8: _FEET,  # socks
    **dict.fromkeys((9, 12), _LEGS),  # trousers, skirt
    **{14: _LEFT_ARM, 15: _RIGHT_ARM, 16: ('left_leg',), 17: ('right_leg',)},
    **{18: ('left_foot',), 19: ('right_foot',)},
}
_ATR = {
    **dict.fromkeys((1, 2, 3, 11), _HEAD),  # hat, hair, sunglasses, face
    **dict.fromkeys((4, 7, 17), _TORSO),  # upper clothes, dress, scarf
    8: ('lower_torso',),  # belt
    **dict.fromkeys((5, 6), _LEGS),  # skirt, trousers
    **{9: ('left_foot',), 10: ('right_foot',), 12: ('left_leg',), 13: ('right_leg',)},
    **{14: _LEFT_ARM, 15: _RIGHT_ARM},  # 16, a bag, is background
}
_PASCAL = {
    **{1: _HEAD, 2: _TORSO},
    **{3: ('left_upper_arm', 'right_upper_arm'), 4: _FOREARMS},
    **{5: _LEGS, 6: _LEGS + _FEET},  # upper and lower legs
}
# As `make_parsing_labels` writes them: each limb has its own index, so they fill every table.
LIMB_INDEX = {limb: index for index, limb in enumerate(LIMBS, start=1)}
_LIMBS = {index: (limb,) for limb, index in LIMB_INDEX.items()}
# Name: number of classes and their limbs.  SCHP publishes a model for each of the first three.
MAPPINGS = {
    'lip': (20, _LIP),
    'atr': (18, _ATR),
    'pascal': (7, _PASCAL),
    'limbs': (len(LIMBS) + 1, _LIMBS),
}


def map_classes(mapping: str, groups: PartGroups) -> np.ndarray:
    """Label of each class index of a parsing data set.

    A class that spans several parts, such as trousers where legs are told left from right, is
    ignored (255).

    Returns:
        Labels, ``(number of classes,)`` uint8.

    Raises:
        ValueError: No class shows one of the parts.
    """
    num_classes, limbs_of_class = MAPPINGS[mapping]
    labels = np.zeros(num_classes, np.uint8)
    for index, limbs in limbs_of_class.items():
        parts = {groups.limb_labels[limb] for limb in limbs}
        labels[index] = parts.pop() if len(parts) == 1 else 255
    for label, name in enumerate(groups.part_names, start=1):
        if label not in labels:
            raise ValueError(
                f'no class of {mapping!r} shows the part {name!r} of groups={groups.name!r}: '
                'choose another table of parts, or pass `mapping` as a dict'
            )
    return labels
