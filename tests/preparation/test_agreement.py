import numpy as np
import pytest
from PIL import Image

from mmdrop.datasets import LoadParsingMap
from mmdrop.preparation import compare_labels

NAMES = ('head', 'arms and torso', 'legs and feet')


def source(folder, groups=None, num_parts=3):
    return dict(type='LoadParsingMap', root=str(folder), num_parts=num_parts, groups=groups)


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for name in 'abc':
        Image.new('RGB', (6, 8)).save(tmp_path / f'{name}.jpg')
        for side in ('labels', 'reference'):
            (tmp_path / side).mkdir(exist_ok=True)
            label = rng.choice([0, 1, 2, 3, 255], (8, 6)).astype(np.uint8)
            Image.fromarray(label).save(tmp_path / side / f'{name}.png')
    return tmp_path


def compare(folder, names='abc', **options):
    images = [(folder / f'{name}.jpg', name) for name in names]
    sides = source(folder / 'labels', **options), source(folder / 'reference')
    return compare_labels(*sides, images, processes=1, quiet=True)


def test_figures_are_those_of_counting_pixel_by_pixel(folder):
    found = compare(folder)
    pairs, ignored, pixels = [], 0, 0
    for name in 'abc':
        sides = [np.array(Image.open(folder / x / f'{name}.png')) for x in ('labels', 'reference')]
        for label, truth in zip(sides[0].ravel(), sides[1].ravel(), strict=True):
            pixels, ignored = pixels + 1, ignored + (label == 255)
            if 255 not in (label, truth):
                pairs.append((label, truth))
    for k, row in enumerate(found.rows()[:-1]):
        both = sum(pair == (k, k) for pair in pairs)
        either = sum(k in pair for pair in pairs)
        assert row['part'] == ('background', *NAMES)[k]
        assert row['IoU'] == pytest.approx(100 * both / either)
        assert row['precision'] == pytest.approx(100 * both / sum(a == k for a, _ in pairs))
        assert row['recall'] == pytest.approx(100 * both / sum(b == k for _, b in pairs))
    assert found.ignored == pytest.approx(ignored / pixels)
    assert (found.images, found.missing) == (3, 0)
    mean = np.mean([row['IoU'] for row in found.rows()[:-1]])
    assert found.rows()[-1]['IoU'] == pytest.approx(mean)


def test_equal_labels_agree_wholly_and_an_absent_part_does_not_count(folder):
    label = np.zeros((8, 6), np.uint8)
    label[2:] = 1
    for side in ('labels', 'reference'):
        Image.fromarray(label).save(folder / side / 'a.png')
    rows = compare(folder, 'a').rows()
    assert [row['IoU'] for row in rows[:2]] == [100, 100] and np.isnan(rows[2]['IoU'])
    assert rows[-1]['IoU'] == 100 and rows[0]['pixels'] == 25


def test_images_without_both_labels_are_counted(folder):
    (folder / 'labels/b.png').unlink()
    assert (compare(folder).images, compare(folder).missing) == (2, 1)
    with pytest.raises(ValueError, match='none of 1 images has both labels'):
        compare(folder, 'b')


def test_labels_of_other_parts_are_refused(folder):
    with pytest.raises(ValueError, match=r"groups='four', the reference .* groups='three_v'"):
        compare(folder, num_parts=4, groups='four')
    assert LoadParsingMap(str(folder), 3).groups.part_names == NAMES
