import logging
import pickle
import re

import numpy as np
import pytest
from mmengine.dataset import BaseDataset, ConcatDataset
from PIL import Image

from mmdrop.datasets import (
    IdentitySampler,
    JointReID,
    LoadImage,
    LoadParsingMap,
    PackReIDInputs,
    ReIDDataset,
    SyntheticReID,
)
from mmdrop.datasets import joint as module
from mmdrop.registry import DATASETS


def write_set(root, images, colour=0):
    """A folder data set; an image's content depends on its name and on the colour."""
    for name in images:
        path = root / 'train' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(list(f'{name}{colour}'.encode()))
        Image.fromarray(rng.integers(0, 256, (8, 4, 3), np.uint8)).save(path)
    return str(root)


@pytest.fixture
def city(tmp_path):
    """Identities 3 and 9 in cameras 0 and 2."""
    names = ('3/3_c0_a.png', '3/3_c2_b.png', '9/9_c2_a.png', '9/9_c2_b.png')
    return ReIDDataset(
        'folder',
        write_set(tmp_path / 'city', names, 1),
        'train',
        [LoadImage(), PackReIDInputs()],
        pattern=r'(?P<pid>\d+)_c(?P<camid>\d+)',
    )


@pytest.fixture
def shop(tmp_path):
    """Identities anna, ben and zoe, without cameras."""
    names = ('anna/a.png', 'anna/b.png', 'ben/a.png', 'zoe/a.png')
    root = write_set(tmp_path / 'shop', names, 2)
    return ReIDDataset('folder', root, 'train', [LoadImage(), PackReIDInputs()])


def rendered(num_parts=5, **kwargs):
    return SyntheticReID(
        num_identities=2,
        images_per_identity=2,
        num_cameras=2,
        image_size=(32, 16),
        num_parts=num_parts,
        pipeline=[PackReIDInputs()],
        **kwargs,
    )


@pytest.fixture
def logged(monkeypatch):
    lines = []
    monkeypatch.setattr(module, 'print_log', lambda text, _, level=20: lines.append((level, text)))
    return lines


def column(dataset, key):
    return [dataset.get_data_info(i)[key] for i in range(len(dataset))]


def test_labels_and_cameras_count_on_from_set_to_set(city, shop):
    joint = JointReID(dict(shop=shop, city=city, rendered=rendered()))
    # 3 identities and no camera, then 2 and cameras 0 and 2, then 2 and cameras 0 and 1.
    assert column(joint, 'gt_label') == [0, 0, 1, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    cameras = column(joint, 'camid')
    assert cameras[:8] == [-1, -1, -1, -1, 0, 2, 2, 2]
    assert [{*cameras[8:10]}, {*cameras[10:]}] == [{3, 4}, {3, 4}]
    assert column(joint, 'pid')[:8] == [0, 0, 1, 2, 3, 3, 9, 9]
    assert joint.metainfo['num_identities'] == 7 and joint.metainfo['num_cameras'] == 4


def test_packed_samples_have_the_same_numbers_and_each_set_its_pipeline(city, shop):
    joint = JointReID(dict(shop=shop, city=city, rendered=rendered()))
    samples = [joint[i]['data_samples'] for i in range(len(joint))]
    assert [s.gt_label for s in samples] == column(joint, 'gt_label')
    assert [s.camid for s in samples] == column(joint, 'camid')
    # 8 × 4 pixels from files, 32 × 16 rendered
    assert [s.img_shape for s in samples] == 8 * [(8, 4)] + 4 * [(32, 16)]


def test_the_sets_themselves_stay_as_they_are(city, shop):
    before = [city.get_data_info(i) for i in range(4)], city[0]['data_samples'].to_dict()
    JointReID(dict(shop=shop, city=city))
    assert before == ([city.get_data_info(i) for i in range(4)], city[0]['data_samples'].to_dict())


def test_one_set_alone_is_as_it_is_by_itself(city):
    joint = JointReID(dict(city=city))
    assert len(joint) == len(city)
    for index in range(len(city)):
        assert joint.get_data_info(index) == city.get_data_info(index)
        one, other = joint[index], city[index]
        assert (one['inputs'] == other['inputs']).all()
        assert one['data_samples'].to_dict() == other['data_samples'].to_dict()
        assert one['data_samples'].metainfo == other['data_samples'].metainfo
    counts = dict(dataset_name='city', num_images=4, num_identities=2, num_cameras=2)
    assert joint.metainfo == city.metainfo | dict(sets=dict(city=counts))


@pytest.mark.parametrize('balance', [None, 'equal', dict(city=3)])
def test_one_set_alone_is_sampled_as_it_is_by_itself(city, balance):
    joint = IdentitySampler(JointReID(dict(city=city)), 2, 2, seed=4, balance=balance)
    assert list(joint) == list(IdentitySampler(city, 2, 2, seed=4))


def test_images_without_labels_say_how_many_parts_the_others_have(shop):
    joint = JointReID(dict(shop=shop, rendered=rendered(num_parts=4)))
    samples = [joint[i]['data_samples'] for i in range(len(joint))]
    assert [s.num_parts for s in samples] == 8 * [4]
    assert ['gt_sem_seg' in s for s in samples] == 4 * [False] + 4 * [True]


def test_no_set_has_labels(city, shop):
    joint = JointReID(dict(city=city, shop=shop))
    assert 'num_parts' not in joint[0]['data_samples'] and 'part_names' not in joint.metainfo


def test_the_log_counts_each_set(city, shop, logged):
    JointReID(dict(city=city, mine=shop, rendered=rendered()))
    text = (
        'city+shop+synthetic train: 12 images, 7 identities, 4 cameras: '
        'city (4 images, 2 identities, 2 cameras, no parsing labels), '
        'mine (4 images, 3 identities, 0 cameras, no parsing labels), '
        'rendered (4 images, 2 identities, 2 cameras)'
    )
    assert logged == [(logging.INFO, text)]


def test_sets_are_built_from_configs_and_listed_late(city, shop):
    config = dict(
        type='JointReID',
        datasets=dict(
            shop=dict(type='ReIDDataset', layout='folder', data_root=shop.data_root, split='train'),
            rendered=dict(type='SyntheticReID', num_identities=2, images_per_identity=2),
        ),
        lazy_init=True,
    )
    joint = DATASETS.build(config)
    assert joint.metainfo['dataset_name'] == 'shop+synthetic' and 'sets' not in joint.metainfo
    assert column(joint, 'gt_label') == [0, 0, 1, 2, 3, 3, 4, 4]
    assert list(joint.metainfo['sets']) == ['shop', 'rendered']


def test_a_part_of_a_set_keeps_the_labels_of_all_of_it(tmp_path, city):
    root = write_set(tmp_path / 'part', [f'{pid}/a.png' for pid in 'abc'], 3)
    part = ReIDDataset('folder', root, 'train', indices=[0, 2])
    joint = JointReID(dict(part=part, city=city))
    assert column(joint, 'gt_label') == [0, 2, 3, 3, 4, 4]
    assert joint.metainfo['sets']['part']['num_identities'] == 3


def test_workers_get_the_same_samples(city, shop):
    joint = JointReID(dict(city=city, shop=shop))
    copied = pickle.loads(pickle.dumps(joint))
    assert [copied.get_data_info(i) for i in range(8)] == [joint.get_data_info(i) for i in range(8)]
    assert copied[6]['data_samples'].gt_label == 3  # ben, the second of the shop's


def test_sets_without_the_field_of_a_camera(city):
    class Labels(BaseDataset):
        def load_data_list(self):
            return [dict(gt_label=label, pid=label) for label in (0, 1)]

    joint = JointReID(dict(labels=Labels(), city=city))
    assert 'camid' not in joint.get_data_info(0)
    assert column(joint, 'gt_label') == [0, 1, 2, 2, 3, 3]
    assert joint.metainfo['num_cameras'] == 2


def test_labels_with_other_parts_are_refused_with_their_names(tmp_path, shop):
    with pytest.raises(ValueError, match=r'a: 3 \(head, .*\); b: 5 \(.*same num_parts and groups'):
        JointReID(dict(a=rendered(3), b=rendered(5, seed=1)))
    labelled = [LoadImage(), LoadParsingMap(str(tmp_path), num_parts=8)]
    other = ReIDDataset('folder', shop.data_root, 'train', labelled)
    with pytest.raises(ValueError, match=r'shop: 8 \(.*; rendered: 5 \('):
        JointReID(dict(shop=other, rendered=rendered()))


def test_one_person_is_not_two_identities(city, shop, tmp_path):
    again = ReIDDataset('folder', shop.data_root, 'train')
    with pytest.raises(ValueError, match=r"'shop' and 'again' have the same images, such as .*/a"):
        JointReID(dict(shop=shop, again=again))
    for sets in (dict(one=city, two=city), dict(one=rendered(), two=rendered())):
        with pytest.raises(ValueError, match="'one' and 'two' show the same people"):
            JointReID(sets)
    JointReID(dict(one=rendered(), two=rendered(seed=1)))


def test_a_copy_of_an_image_in_another_set_is_a_warning(shop, tmp_path, logged):
    other = tmp_path / 'other'
    root = write_set(other, ['1/a.png', '2/a.png'], 4)
    source = tmp_path / 'shop' / 'train' / 'ben' / 'a.png'
    (other / 'train' / '2' / 'copy.png').write_bytes(source.read_bytes())
    JointReID(dict(shop=shop, other=ReIDDataset('folder', root, 'train')))
    ((level, text), _) = logged
    assert level == logging.WARNING and text.startswith('shop+other: look at this before you trust')
    assert re.search(
        r"1 images of 'other' have the content of an image of 'shop', such as \S+copy\.png that of "
        r'\S+ben/a\.png',
        text,
    )


@pytest.mark.parametrize(
    ('datasets', 'message'),
    [
        ([rendered], 'needs `datasets` by name, .* got list'),
        ({'one': 'market1501'}, "'one' is a str, but must be a data set"),
    ],
)
def test_what_is_no_mapping_of_data_sets_is_refused(datasets, message):
    with pytest.raises(TypeError, match=message):
        JointReID(datasets)


def test_wrappers_tests_and_nothing_are_refused(city):
    with pytest.raises(TypeError, match=r"'both' is a ConcatDataset.*name the sets inside"):
        JointReID(dict(both=ConcatDataset([city])))
    test = SyntheticReID('test', 2, 4, num_distractors=0, image_size=(32, 16))
    with pytest.raises(ValueError, match="joins training sets, but 'test' is a test set"):
        JointReID(dict(city=city, test=test))
    with pytest.raises(ValueError, match='at least one entry'):
        JointReID({})


def test_concatenated_sets_with_shared_labels_are_refused_by_the_sampler(city, shop):
    joined = ConcatDataset([city, shop], ignore_keys=[*city.metainfo, *shop.metainfo])
    with pytest.raises(ValueError, match=r'sets 0 and 1 share training labels.*3_c0_a.*anna/a.png'):
        IdentitySampler(joined, 2, 2)
    IdentitySampler(JointReID(dict(city=city, shop=shop)), 2, 2)
