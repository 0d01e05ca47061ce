import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.dataset import RepeatDataset
from PIL import Image

from mmdrop.apis import browse_dataset, browse_labels, browsing
from mmdrop.datasets import (
    FlipWithParts,
    JointReID,
    LoadImage,
    LoadParsingMap,
    PackReIDInputs,
    PadCropWithParts,
    ReIDDataset,
    SyntheticReID,
)
from mmdrop.visualization import part_palette

ROOT = Path(__file__).parents[2]
PACK = PackReIDInputs()


def synthetic(*transforms, seed=0):
    return SyntheticReID(
        num_identities=2,
        images_per_identity=2,
        image_size=(32, 16),
        num_parts=3,
        occluded=0.0,
        seed=seed,
        pipeline=[*transforms, PACK],
    )


@pytest.fixture
def drawn(monkeypatch):
    """The samples that are drawn, as rows."""
    rows = []
    draw = browsing.draw_parsing_rows

    def keep(samples, *args):
        rows.extend(samples)
        return draw(samples, *args)

    monkeypatch.setattr(browsing, 'draw_parsing_rows', keep)
    return rows


def test_a_row_is_the_image_as_it_is_and_what_the_network_gets(drawn):
    dataset = synthetic(FlipWithParts(1.0))
    browse_dataset(dataset, indices=[1], repeats=2)
    ((before, first, second),) = drawn
    plain = synthetic()[1]
    image = plain['inputs'].numpy()[::-1].transpose(1, 2, 0)  # BGR to RGB, channels last
    label = plain['data_samples'].gt_sem_seg.numpy()
    assert (before['image'] == image).all() and (before['label'] == label).all()
    # No part of K = 3 has a side, so mirroring moves pixels and keeps the labels' names.
    for sample in (first, second):
        assert (sample['image'] == image[:, ::-1]).all()
        assert (sample['label'] == label[:, ::-1]).all()


def test_steps_name_each_transform(drawn):
    transforms = FlipWithParts(1.0), PadCropWithParts(2)
    browse_dataset(synthetic(*transforms), indices=[0, 3], steps=True)
    captions = [[sample['caption'] for sample in row] for row in drawn]
    assert [row[1:3] for row in captions] == [['FlipWithParts', 'PadCropWithParts']] * 2
    assert captions[0][0].startswith('0: 0001_c') and captions[1][0].startswith('3: 0002_c')
    assert captions[0][-1].startswith('id 1, cam ')
    assert (drawn[0][0]['image'][:, ::-1] == drawn[0][1]['image']).all()


def test_samples_are_those_of_the_seed(drawn):
    dataset = synthetic(PadCropWithParts(8))
    pictures = [browse_dataset(dataset, num_samples=2, seed=seed) for seed in (0, 0, 1)]
    assert (pictures[0] == pictures[1]).all()
    assert pictures[0].shape != pictures[2].shape or (pictures[0] != pictures[2]).any()
    first = drawn[0]
    assert any((first[1]['image'] != other['image']).any() for other in first[2:])


def test_the_data_set_itself_is_left_as_it_was():
    dataset = synthetic()
    pipeline = dataset.pipeline
    browse_dataset(dataset, num_samples=1)
    assert dataset.pipeline is pipeline


def test_a_wrapped_data_set_shows_what_it_gives(drawn):
    browse_dataset(RepeatDataset(synthetic(), 2), indices=[5], repeats=1)
    before, after = (sample['caption'] for sample in drawn[0])
    assert after.startswith('id 1, cam ') and before == f'5: {after}'
    with pytest.raises(ValueError, match='steps are not seen in a RepeatDataset'):
        browse_dataset(RepeatDataset(synthetic(), 2), steps=True)


def test_several_sets_as_one_show_each_through_its_own_pipeline(drawn):
    joint = JointReID(dict(a=synthetic(FlipWithParts(1.0)), b=synthetic(seed=1)))
    browse_dataset(joint, indices=[3, 5], steps=True)
    captions = [[sample['caption'] for sample in row] for row in drawn]
    assert captions[0][1] == 'FlipWithParts' and 'FlipWithParts' not in captions[1]
    assert captions[0][0].startswith('3: 0002_c') and captions[1][0].startswith('5: 0001_c')


def test_images_without_labels_are_drawn_alone(tmp_path, drawn):
    for pid in '12':
        for subset in ('query', 'gallery'):
            (tmp_path / subset / pid).mkdir(parents=True)
            path = tmp_path / subset / pid / 'x.png'
            Image.fromarray(np.full((8, 4, 3), (250, 0, 0), np.uint8)).save(path)
    dataset = ReIDDataset('folder', str(tmp_path), 'test', [LoadImage(), PACK])
    browse_dataset(dataset, num_samples=1, repeats=1)
    ((before, after),) = drawn
    assert before['label'] is None and after['label'] is None
    assert before['caption'].endswith(': x') and (after['image'] == (250, 0, 0)).all()
    assert after['caption'] in ('query, id 1', 'query, id 2', 'id 1', 'id 2')


def test_parts_have_their_names_in_the_legend(monkeypatch):
    seen = []
    monkeypatch.setattr(
        browsing, 'draw_parsing_rows', lambda rows, names, height: seen.append(names)
    )
    browse_dataset(synthetic(), num_samples=1)
    assert seen == [('head', 'arms and torso', 'legs and feet')]


def test_nothing_to_draw_and_a_sample_that_does_not_exist_are_errors():
    dataset = synthetic()
    with pytest.raises(ValueError, match='nothing to draw'):
        browse_dataset(dataset, repeats=0)
    with pytest.raises(ValueError, match='at least 16 pixels'):
        browse_dataset(dataset, height=0)
    with pytest.raises(IndexError, match='sample 4 of 4'):
        browse_dataset(dataset, indices=[4])


def test_a_config_and_a_single_sample_may_be_given(drawn):
    config = dict(
        type='SyntheticReID',
        num_identities=2,
        images_per_identity=2,
        image_size=(32, 16),
        num_parts=3,
        occluded=0.0,
        pipeline=[PACK],
    )
    np.testing.assert_array_equal(
        browse_dataset(config, indices=1), browse_dataset(synthetic(), indices=[1])
    )


@pytest.mark.parametrize('thing', ['configs/drop_demo.py', Config({'a': 1}), [1, 2]])
def test_what_is_no_data_set_is_refused_with_what_to_give(thing):
    with pytest.raises(TypeError, match=r'its config as cfg\.train_dataloader\.dataset, got'):
        browse_dataset(thing)


def test_labels_are_drawn_over_their_images(tmp_path):
    Image.fromarray(np.full((8, 4), 2, np.uint8)).save(tmp_path / 'a.png')
    Image.fromarray(np.full((8, 4, 3), 250, np.uint8)).save(tmp_path / 'a.jpg')
    source = LoadParsingMap(str(tmp_path), 3)
    picture = browse_labels(source, [(tmp_path / 'a.jpg', 'a')], height=64)
    # Part 2 everywhere: 0.4 of the image's 250 and 0.6 of the part's colour.
    tinted = np.rint(0.4 * 250 + 0.6 * np.array(part_palette(2)[1]))
    assert (picture == tinted).all(-1).sum() == 64 * 32
    alone = browse_labels(source, [(None, 'a')], height=64)
    assert (alone == np.rint(0.4 * 128 + 0.6 * np.array(part_palette(2)[1]))).all(-1).any()


def test_the_tool_writes_a_picture_of_a_recipes_samples(tmp_path):
    command = [sys.executable, ROOT / 'tools/data/browse_dataset.py', 'drop_demo']
    options = ['train_dataloader.dataset.num_identities=4', 'train_dataloader.dataset.cache=False']
    done = subprocess.run(
        [*command, '--num-samples', '2', '--cfg-options', *options],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert 'samples 0 to 31' in done.stdout
    with Image.open(tmp_path / 'work_dirs/browse_dataset/drop_demo_train.png') as picture:
        assert picture.width > picture.height / 2
    wrong = subprocess.run([*command, '--set', 'night'], capture_output=True, text=True)
    assert wrong.returncode == 1 and "has [], not 'night'" in wrong.stderr
    wrong = subprocess.run([*command, '--indices', '9999'], capture_output=True, text=True)
    assert wrong.returncode == 1 and 'sample 9999 of 1600' in wrong.stderr
