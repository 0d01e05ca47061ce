"""Which PifPaf channels, and which drawn limbs, form the K parts of a parsing label.

The channels are those of the 36-channel confidence fields that BPBReID publishes: 0-16 are the
COCO-17 key points, 17-35 the 19 limbs of OpenPifPaf's association fields.  The limbs are those
of :mod:`mmdrop.datasets.parsing.limbs`.
"""

from dataclasses import dataclass

NUM_CHANNELS = 36

# Channels of a mirrored image: left and right change places, 0, 21, 24 and 29 stay.
_MIRRORED_PAIRS = (
    *((1, 2), (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16)),
    *((17, 19), (18, 20), (22, 23), (25, 26), (27, 28), (30, 31), (32, 33), (34, 35)),
)
CHANNEL_FLIP = {a: b for pair in _MIRRORED_PAIRS for a, b in (pair, pair[::-1])}


@dataclass(frozen=True)
class Part:
    """One part: its name, its PifPaf channels and its drawn limbs."""

    name: str
    channels: tuple[int, ...]
    limbs: tuple[str, ...]


@dataclass(frozen=True)
class PartGroups:
    """K parts; the label of ``parts[i]`` is ``i + 1``."""

    name: str
    parts: tuple[Part, ...]

    @property
    def part_names(self) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts)

    @property
    def limb_labels(self) -> dict[str, int]:
        """Label of every drawn limb."""
        return {limb: k for k, part in enumerate(self.parts, start=1) for limb in part.limbs}

    @property
    def left_right_pairs(self) -> list[tuple[int, int]]:
        """Pairs of labels that change places when the image is mirrored.

        Only channels that have a mirrored partner decide: ``eight`` gives channel 21, the line
        between the hips, to the left leg alone.
        """
        sided = [frozenset(c for c in part.channels if c in CHANNEL_FLIP) for part in self.parts]
        mirrored = [frozenset(CHANNEL_FLIP[c] for c in channels) for channels in sided]
        return [
            (a + 1, b + 1)
            for a in range(len(sided))
            for b in range(a + 1, len(sided))
            if sided[a] and mirrored[a] == sided[b]
        ]


_LEFT_ARM = Part('left arm', (5, 7, 9, 25, 27), ('left_upper_arm', 'left_forearm'))
_RIGHT_ARM = Part('right arm', (6, 8, 10, 26, 28), ('right_upper_arm', 'right_forearm'))
_UPPER_ARMS = ('left_upper_arm', 'right_upper_arm')
_FOREARMS = ('left_forearm', 'right_forearm')
_TORSO_LIMBS = ('upper_torso', 'lower_torso')
_LEGS_LIMBS = ('left_leg', 'right_leg')
_FEET_LIMBS = ('left_foot', 'right_foot')

_HEAD = Part('head', (0, 1, 2, 3, 4, *range(29, 36)), ('head',))
_ARMS = Part('arms', (*range(5, 11), *range(25, 29)), _UPPER_ARMS + _FOREARMS)
_TORSO = Part('torso', (11, 12, *range(21, 25)), _TORSO_LIMBS)
_UPPER_TORSO = Part('upper torso', (22, 23, 24), ('upper_torso',))
_LOWER_TORSO = Part('lower torso', (11, 12, 21), ('lower_torso',))
_LEGS = Part('legs', (*range(11, 15), *range(17, 21)), _LEGS_LIMBS)
_LEGS_BELOW_HIPS = Part('legs', (13, 14, *range(17, 22)), _LEGS_LIMBS)
_FEET = Part('feet', (15, 16), _FEET_LIMBS)
_UPPER_BODY = Part(
    'upper arms and torso', (*range(5, 9), 24, 25, 26), (*_UPPER_ARMS, 'upper_torso')
)
_LOWER_BODY_LIMBS = (*_FOREARMS, 'lower_torso')

_ROWS: dict[str, tuple[Part, ...]] = {
    'three_v': (
        _HEAD,
        Part(
            'arms and torso',
            (*range(5, 11), *range(22, 29)),
            _UPPER_ARMS + _FOREARMS + _TORSO_LIMBS,
        ),
        Part('legs and feet', tuple(range(11, 22)), _LEGS_LIMBS + _FEET_LIMBS),
    ),
    'four': (
        _HEAD,
        _ARMS,
        Part('torso', (5, 6, *_TORSO.channels), _TORSO_LIMBS),
        Part('legs and feet', tuple(range(11, 22)), _LEGS_LIMBS + _FEET_LIMBS),
    ),
    'four_v': (
        _HEAD,
        Part(
            'arms and torso',
            (*range(5, 13), *range(21, 29)),
            _UPPER_ARMS + _FOREARMS + _TORSO_LIMBS,
        ),
        _LEGS,
        _FEET,
    ),
    'five': (
        _HEAD,
        _ARMS,
        _TORSO,
        Part('legs', (*range(11, 15), *range(17, 22)), _LEGS_LIMBS),
        _FEET,
    ),
    # As BPBReID publishes it, so that labels and numbers agree with its: channel 23 (right
    # shoulder to hip) counts, while its mirror image 22 and the hips' line 21 are not used.
    'five_v': (
        _HEAD,
        _UPPER_BODY,
        Part('forearms and hips', (*range(9, 13), 23, 27, 28), _LOWER_BODY_LIMBS),
        _LEGS,
        _FEET,
    ),
    # The same parts with the sides alike; better for training with mirrored images.
    'five_v_symmetric': (
        _HEAD,
        _UPPER_BODY,
        Part('forearms and hips', (*range(9, 13), 21, 22, 23, 27, 28), _LOWER_BODY_LIMBS),
        _LEGS,
        _FEET,
    ),
    'six': (
        _HEAD,
        _LEFT_ARM,
        _RIGHT_ARM,
        _TORSO,
        Part('left leg and foot', (13, 15, 17, 18, 21), ('left_leg', 'left_foot')),
        Part('right leg and foot', (14, 16, 19, 20), ('right_leg', 'right_foot')),
    ),
    'six_new': (_HEAD, _TORSO, _LEFT_ARM, _RIGHT_ARM, _LEGS_BELOW_HIPS, _FEET),
    'six_v': (_HEAD, _ARMS, _UPPER_TORSO, _LOWER_TORSO, _LEGS, _FEET),
    'seven_new': (
        *(_HEAD, _LEFT_ARM, _RIGHT_ARM, _UPPER_TORSO, _LOWER_TORSO),
        *(_LEGS_BELOW_HIPS, _FEET),
    ),
    'eight': (
        *(_HEAD, _LEFT_ARM, _RIGHT_ARM, _TORSO),
        Part('left leg', (13, 17, 18, 21), ('left_leg',)),
        Part('right leg', (14, 19, 20), ('right_leg',)),
        Part('left foot', (15,), ('left_foot',)),
        Part('right foot', (16,), ('right_foot',)),
    ),
}
PART_GROUPS = {name: PartGroups(name, parts) for name, parts in _ROWS.items()}
DEFAULT_GROUPS = {3: 'three_v', 4: 'four_v', 5: 'five_v', 6: 'six_new', 7: 'seven_new', 8: 'eight'}


def get_part_groups(num_parts: int, groups: str | None = None) -> PartGroups:
    """The table called ``groups``, or the default one of ``num_parts`` parts.

    Raises:
        ValueError: There is no such table, or it does not have ``num_parts`` parts.
    """
    if groups is None:
        if num_parts not in DEFAULT_GROUPS:
            raise ValueError(f'num_parts must be one of {list(DEFAULT_GROUPS)}, got {num_parts}')
        groups = DEFAULT_GROUPS[num_parts]
    if groups not in PART_GROUPS:
        raise ValueError(f'groups must be one of {list(PART_GROUPS)}, got {groups!r}')
    table = PART_GROUPS[groups]
    if len(table.parts) != num_parts:
        raise ValueError(f'groups={groups!r} has {len(table.parts)} parts, num_parts={num_parts}')
    return table
