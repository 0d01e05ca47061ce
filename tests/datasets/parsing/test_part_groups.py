import pytest

from mmdrop.datasets import PART_GROUPS, get_part_groups
from mmdrop.datasets.parsing.limbs import LIMBS
from mmdrop.datasets.parsing.part_groups import CHANNEL_FLIP, DEFAULT_GROUPS


@pytest.mark.parametrize(('num_parts', 'name'), DEFAULT_GROUPS.items())
def test_each_number_of_parts_has_a_table(num_parts, name):
    groups = get_part_groups(num_parts)
    assert groups.name == name and len(groups.part_names) == num_parts


@pytest.mark.parametrize('groups', PART_GROUPS.values(), ids=PART_GROUPS)
def test_every_limb_is_drawn_in_exactly_one_part(groups):
    limbs = [limb for part in groups.parts for limb in part.limbs]
    assert sorted(limbs) == sorted(LIMBS)


@pytest.mark.parametrize('groups', PART_GROUPS.values(), ids=PART_GROUPS)
def test_pairs_agree_with_part_names(groups):
    sides = [name for name in groups.part_names if name.startswith('left')]
    number = {name: label for label, name in enumerate(groups.part_names, start=1)}
    expected = [(number[name], number[name.replace('left', 'right')]) for name in sides]
    assert groups.left_right_pairs == expected


def test_eight_parts_pair_arms_legs_and_feet():
    assert get_part_groups(8).left_right_pairs == [(2, 3), (5, 6), (7, 8)]


def test_mirroring_channels_twice_changes_nothing():
    assert all(CHANNEL_FLIP[CHANNEL_FLIP[c]] == c for c in CHANNEL_FLIP)
    assert set(range(36)) - set(CHANNEL_FLIP) == {0, 21, 24, 29}


def test_symmetric_five_parts_look_alike_in_a_mirror():
    for part in get_part_groups(5, 'five_v_symmetric').parts:
        assert {CHANNEL_FLIP.get(c, c) for c in part.channels} == set(part.channels)


@pytest.mark.parametrize(('num_parts', 'groups'), [(8, 'five_v'), (9, None), (5, 'fife')])
def test_a_table_that_does_not_fit_is_refused(num_parts, groups):
    with pytest.raises(ValueError, match=r'num_parts|groups'):
        get_part_groups(num_parts, groups)
