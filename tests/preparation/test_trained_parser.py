import json

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from mmdrop.datasets import LoadParsingMap, SyntheticReID
from mmdrop.preparation import (
    check_labels,
    find_images,
    find_label_source,
    find_model_groups,
    make_parsing_labels,
)
from mmdrop.preparation.label_making import TrainedParser
from mmdrop.preparation.label_making.make import LOG_NAME
from mmdrop.preparation.label_making.options import OPTIONS_NAME

DEMO = dict(type='DROP', model='drop_demo', device='cpu')


@pytest.fixture(scope='module')
def people():
    dataset = SyntheticReID('train', num_identities=5, images_per_identity=2, num_parts=5)
    return [dataset[i] for i in range(10)]


@pytest.fixture
def folder(tmp_path, people):
    for i, sample in enumerate(people):
        path = tmp_path / f'images/{sample["pid"]}/{i}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), sample['img'])
    return tmp_path


def make(folder, **options):
    images = find_images(folder / 'images')
    return make_parsing_labels(DEMO | options, images, folder / 'labels', quiet=True)


def test_labels_agree_with_those_that_the_renderer_knows(folder, people):
    counts = make(folder)
    assert (counts.made, counts.failed, counts.nobody) == (10, [], [])
    source = LoadParsingMap(str(folder / 'labels'), 5, mapping='limbs')
    both = either = 0
    for i, sample in enumerate(people):
        label = source.load(f'{sample["pid"]}/{i}', dict(img=sample['img']))
        truth = sample['gt_seg_map']
        assert label.shape == truth.shape
        known = (label != 255) & (truth != 255)
        both += ((label == truth) & (truth > 0))[known].sum()
        either += ((label > 0) | (truth > 0))[known].sum()
    # Intersection over union of the parts together; chance would be a fifth of it at most.
    assert both / either > 0.5


def test_uncertain_pixels_are_ignored_or_background_and_more_of_them_with_the_threshold(people):
    image = people[0]['img']

    def label(threshold, uncertain='ignored'):
        return TrainedParser('drop_demo', None, threshold, uncertain, device='cpu').make(image, 'a')

    certain, usual, strict = label(0.0), label(0.5), label(0.9)
    assert not (certain == 255).any()
    assert 0 < (usual == 255).sum() < (strict == 255).sum()
    np.testing.assert_array_equal(usual[usual != 255], certain[usual != 255])
    np.testing.assert_array_equal(label(0.9, 'background'), np.where(strict == 255, 0, strict))


def test_batches_and_single_images_give_the_same(folder, people):
    make(folder, batch_size=4)
    maker = TrainedParser('drop_demo', device='cpu')
    for i, sample in enumerate(people):
        path = folder / f'labels/{sample["pid"]}/{i}.png'
        found = np.asarray(Image.open(path))
        expected = maker.make(sample['img'], '')
        assert (found != expected).mean() < 0.001  # sums of another order


def test_a_damaged_image_is_named_and_the_others_of_its_batch_are_labelled(folder):
    (folder / 'images/broken.png').write_bytes(b'\x89PNG and no more')
    counts = make(folder)
    assert counts.made == 10 and len(counts.failed) == 1 and 'broken.png' in counts.failed[0]
    assert 'broken.png' in (folder / 'labels' / LOG_NAME).read_text()


def test_the_parts_of_the_model_are_kept_beside_the_labels_and_found_again(folder):
    counts = make(folder)
    parts = dict(num_parts=5, groups='five_v')
    assert json.loads((folder / 'labels' / OPTIONS_NAME).read_text())['parts'] == parts
    source = find_label_source(folder / 'labels')
    assert source.items() >= parts.items()
    report = check_labels(source, find_images(folder / 'images'), quiet=True)
    assert not (report.missing or report.broken or report.unused)
    assert '5 parts: 1 head' in str(counts) and 'num_parts=5' not in str(counts)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(threshold=1.0), 'threshold must be a probability'),
        (dict(uncertain='maybe'), "'ignored' or 'background'"),
        (dict(batch_size=0), 'batch_size must be at least 1'),
        (dict(model='drop_demp'), 'did you mean drop_demo'),
        (dict(model='global_demo', weights=None), 'has no parser'),
    ],
)
def test_wrong_options_are_refused(folder, options, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        make(folder, **options)


def test_the_table_of_parts_is_that_of_the_training():
    head = dict(parsing_head=dict(num_parts=5))
    pipeline = [dict(type='LoadImage'), dict(type='LoadParsingMap', groups='five')]
    training = dict(dataset=dict(datasets=[dict(pipeline=pipeline)]))
    assert find_model_groups(dict(model=head), 'x').name == 'five_v'
    assert find_model_groups(dict(model=head, groups='five_v_symmetric'), 'x').name.endswith('ric')
    assert find_model_groups(dict(model=head, train_dataloader=training), 'x').name == 'five'
    with pytest.raises(ValueError, match='x has no parser'):
        find_model_groups(dict(model=dict(parsing_head=None)), 'x')
    with pytest.raises(ValueError, match='x: no table of parts fits'):
        find_model_groups(dict(model=dict(parsing_head=dict(num_parts=9))), 'x')


def test_an_image_without_any_part_shows_nobody():
    maker = TrainedParser('drop_demo', device='cpu')
    probabilities = torch.zeros(6, 4, 2)
    probabilities[0] = 0.4  # of all classes the most probable, though uncertain
    assert not maker._to_label(probabilities, (8, 4)).any()
