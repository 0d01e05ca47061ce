import json
import subprocess
import sys
import types
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from mmdrop.datasets import LoadKeypointParsing, LoadParsingMap, LoadPifPafFields, ReIDDataset
from mmdrop.datasets.parsing.limbs import COCO_JOINTS, LIMBS
from mmdrop.datasets.parsing.part_groups import PART_GROUPS
from mmdrop.datasets.parsing.tables import LIMB_INDEX
from mmdrop.preparation import dataset_images, find_images, make_parsing_labels
from mmdrop.preparation.label_making import (
    RTMO,
    KeypointFile,
    KeypointRCNN,
    LabelMaker,
    MaskRCNNFilter,
    NoPerson,
    OpenPifPaf,
    RTMPose,
    torchvision_models,
)
from mmdrop.preparation.label_making.base import filter_fields, most_inside, nearest_to_centre
from mmdrop.preparation.label_making.make import LOG_NAME, OPTIONS_NAME
from mmdrop.preparation.label_making.pifpaf import cut_padding, read_fields
from mmdrop.preparation.label_making.torchvision_models import read_keypoint_rcnn
from mmdrop.registry import LABEL_MAKERS

ROOT = Path(__file__).parents[2]
RECORDED = json.loads((ROOT / 'tests/data/recorded_poses.json').read_text())
STANDING = np.array(RECORDED['standing'], np.float32)  # (17, 3) in an image of 64 × 128
SHAPE = (128, 64)
POSES = {f'train/{name}': STANDING for name in 'abc'}


def write_image(path, shape=SHAPE):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*shape, 3), 90, np.uint8)).save(path)
    return path


def write_keypoints(path, entries):
    people = [
        dict(image_id=f'{stem}.jpg', keypoints=points.ravel().tolist(), score=1.0)
        for stem, points in entries.items()
    ]
    path.write_text(json.dumps(people))
    return str(path)


def moved(points, dx, dy=0):
    return points + np.array([dx, dy, 0], np.float32)


def limb_at(label, x, y):
    names = {index: limb for limb, index in LIMB_INDEX.items()}
    return names.get(int(label[y, x]))


@pytest.fixture
def folder(tmp_path):
    for name in ('a', 'b', 'c'):
        write_image(tmp_path / 'images/train' / f'{name}.jpg')
    return tmp_path


def make(maker, folder, **kwargs):
    images = find_images(folder / 'images')
    return make_parsing_labels(maker, images, folder / 'labels', quiet=True, **kwargs)


def read(path):
    return np.asarray(Image.open(path))


# ---- the loop


def test_labels_of_a_key_point_file_show_the_limbs_where_they_are(folder):
    poses = {'train/a': STANDING, 'train/b': moved(STANDING, 6), 'train/c': STANDING}
    counts = make(KeypointFile(write_keypoints(folder / 'k.json', poses)), folder)
    assert (counts.made, counts.existing, counts.nobody, counts.failed) == (3, 0, [], [])
    label = read(folder / 'labels/train/a.png')
    assert label.shape == SHAPE and label.max() <= len(LIMBS)
    seen = [limb_at(label, x, y) for x, y in ((32, 15), (46, 38), (32, 40), (40, 80), (24, 117))]
    assert seen == ['head', 'left_upper_arm', 'upper_torso', 'left_leg', 'right_foot']
    shifted = read(folder / 'labels/train/b.png')
    np.testing.assert_array_equal(shifted[:, 6:], label[:, :-6])


@pytest.mark.parametrize('groups', sorted(PART_GROUPS))
def test_a_label_made_once_serves_every_table_of_parts(folder, groups):
    ann_file = write_keypoints(folder / 'k.json', {'train/a': STANDING})
    make(KeypointFile(ann_file), folder)
    num_parts = len(PART_GROUPS[groups].parts)
    results = dict(img_path='a.jpg', img=np.zeros((*SHAPE, 3), np.uint8), label_stem='train/a')
    drawn = LoadKeypointParsing(ann_file, num_parts, groups).transform(dict(results))
    source = LoadParsingMap(str(folder / 'labels'), num_parts, groups, mapping='limbs')
    made = source.transform(dict(results))
    np.testing.assert_array_equal(made['gt_seg_map'], drawn['gt_seg_map'])
    assert set(np.unique(made['gt_seg_map'])) == set(range(num_parts + 1))


def test_one_bad_image_does_not_stop_the_others(folder):
    path = folder / 'images/train/b.jpg'
    path.write_bytes(path.read_bytes()[:200])
    (folder / 'images/train/c.jpg').write_bytes(b'')
    write_image(folder / 'images/train/d.jpg', (90, 40))
    maker = KeypointFile(write_keypoints(folder / 'k.json', {'train/a': STANDING}))
    counts = make(maker, folder)
    assert counts.made == 1 and len(counts.failed) == 2 and len(counts.nobody) == 1
    assert 'cannot be decoded' in counts.failed[0] and str(path) in counts.failed[0]
    assert 'is not an image' in counts.failed[1]
    assert 'no entry train/d' in counts.nobody[0]
    label = read(folder / 'labels/train/d.png')
    assert label.shape == (90, 40) and not label.any()
    for name in 'bc':  # of unknown size; the reader brings it to the image's
        source = LoadParsingMap(str(folder / 'labels'), 5, mapping='limbs')
        image = np.zeros((*SHAPE, 3), np.uint8)
        loaded = source.load(f'train/{name}', dict(img=image))
        assert loaded.shape == SHAPE and not loaded.any()
    log = (folder / 'labels' / LOG_NAME).read_text().splitlines()
    assert len(log) == 3 and sum(line.startswith('failed: ') for line in log) == 2
    text = str(counts)
    assert '1 labels made' in text and '1 where nobody was found, 2 that could not be read' in text
    assert f'all of them: {folder}/labels/{LOG_NAME}' in text and "mapping='limbs'" in text


class Moody(LabelMaker):
    """Fails as it is told, once for each image that a call comes to."""

    def __init__(self, answers=()):
        self.answers = list(answers)
        self.calls = 0

    def make(self, image, stem):
        self.calls += 1
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer
        return np.full(image.shape[:2], 3, np.uint8)


def test_a_killed_run_goes_on_where_it_stopped(folder):
    with pytest.raises(KeyboardInterrupt):
        make(Moody([None, KeyboardInterrupt()]), folder)
    assert [p.name for p in (folder / 'labels/train').iterdir()] == ['a.png']
    maker = Moody()
    counts = make(maker, folder)
    assert (counts.made, counts.existing, maker.calls) == (2, 1, 2)
    assert make(Moody(), folder).existing == 3


def test_an_exception_of_the_model_is_that_of_one_image(folder):
    counts = make(Moody([ValueError('odd'), None, NoPerson('nobody')]), folder)
    assert counts.made == 1 and len(counts.nobody) == 1
    assert counts.failed[0].endswith('a.jpg: ValueError: odd')


def test_a_maker_that_fails_a_hundred_times_in_a_row_stops_and_leaves_no_label_of_it(tmp_path):
    for i in range(120):
        write_image(tmp_path / f'images/{i:03}.jpg', (4, 4))
    with pytest.raises(RuntimeError, match=r'failed on each of 100 images in a row: .*wrong'):
        make(Moody([None, None, *[ValueError('wrong model')] * 118]), tmp_path)
    assert len([*(tmp_path / 'labels').glob('*.png')]) == 2
    for path in (tmp_path / 'labels').glob('*.png'):
        path.unlink()
    # what makes it fail now and then is in the images
    counts = make(Moody([*[ValueError('hard')] * 59, None] * 2), tmp_path)
    assert len(counts.failed) == 118 and counts.made == 2
    assert not read(tmp_path / 'labels/002.png').any() and read(tmp_path / 'labels/059.png').all()


def test_labels_that_show_nothing_are_made_again_when_asked_for(folder):
    make(Moody([NoPerson('nobody'), OSError('busy')]), folder)
    assert make(Moody(), folder).existing == 3
    counts = make(Moody(), folder, redo=True)
    assert (counts.made, counts.existing) == (2, 1)
    assert read(folder / 'labels/train/a.png').all()


def test_labels_of_other_options_are_not_mixed(folder):
    options = dict(type='KeypointFile', ann_file=write_keypoints(folder / 'k.json', POSES))
    make(options, folder)
    assert make(dict(options), folder).existing == 3
    with pytest.raises(ValueError, match='were made with other options'):
        make(options | dict(origin=1), folder)
    (folder / 'labels' / OPTIONS_NAME).unlink()
    assert make(options | dict(origin=1), folder).existing == 3


def test_two_images_of_one_label_name_are_refused(folder):
    write_image(folder / 'images/train/a.png')
    with pytest.raises(ValueError, match=r'a\.jpg and .*a\.png would have one label, train/a'):
        make(Moody(), folder)


def test_key_points_without_an_entry_for_any_image_are_refused(folder):
    maker = KeypointFile(write_keypoints(folder / 'k.json', {'img_a': STANDING}))
    with pytest.raises(ValueError, match=r"named like 'train/a', the entries like 'img_a'"):
        make(maker, folder)
    assert not (folder / 'labels').exists()


def test_an_entry_that_fits_several_images_is_refused(folder):
    write_image(folder / 'images/test/a.jpg')
    maker = KeypointFile(write_keypoints(folder / 'k.json', {'a': STANDING}))
    with pytest.raises(ValueError, match=r"2 images share an entry .* such as 'test/a'"):
        make(maker, folder)


def test_a_label_follows_the_size_that_the_key_points_refer_to(folder):
    twice = (STANDING + np.float32([0.5, 0.5, 0])) * np.float32([2, 2, 1]) - [0.5, 0.5, 0]
    annotations = [dict(image_id=1, keypoints=twice.ravel().tolist())]
    annotations.append(dict(image_id=2, keypoints=[0] * 51, num_keypoints=0))
    images = [
        dict(id=i, file_name=f'train/{name}.jpg', width=2 * SHAPE[1], height=2 * SHAPE[0])
        for i, name in enumerate('abc', start=1)
    ]
    path = folder / 'coco.json'
    path.write_text(json.dumps(dict(images=images, annotations=annotations)))
    counts = make(KeypointFile(str(path)), folder)
    assert counts.made == 1 and len(counts.nobody) == 2
    assert 'without points' in counts.nobody[0] and 'no annotation' in counts.nobody[1]
    image = np.zeros((*SHAPE, 3), np.uint8)
    plain = KeypointFile(write_keypoints(folder / 'k.json', POSES)).make(image, 'train/a')
    assert (read(folder / 'labels/train/a.png') != plain).mean() < 0.002


def test_key_points_that_lie_outside_an_image_are_told_in_the_log(folder):
    poses = POSES | {'train/b': moved(STANDING, 500)}
    counts = make(KeypointFile(write_keypoints(folder / 'k.json', poses)), folder)
    assert counts.made == 2 and len(counts.failed) == 1
    assert 'train/b: nose lies at x' in counts.failed[0] and 'far outside' in counts.failed[0]


def test_a_label_appears_when_it_is_complete(folder, monkeypatch):
    def die(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, 'rename', die)
    with pytest.raises(KeyboardInterrupt):
        make(Moody(), folder)
    assert not [*(folder / 'labels').rglob('*.png')]


def test_the_indices_of_the_limbs_stay_as_they_are_written_in_files():
    legs = dict(left_leg=1, right_leg=2, left_foot=3, right_foot=4)
    body = dict(lower_torso=5, upper_torso=6, left_upper_arm=7, right_upper_arm=8)
    assert legs | body | dict(left_forearm=9, right_forearm=10, head=11) == LIMB_INDEX


@pytest.mark.parametrize('origin', [0, 1])
def test_coordinates_from_one_are_those_of_the_training(folder, origin):
    ann_file = write_keypoints(folder / 'k.json', POSES)
    image = np.zeros((*SHAPE, 3), np.uint8)
    label = KeypointFile(ann_file, origin=origin).make(image, 'train/a')
    drawn = LoadKeypointParsing(ann_file, 8, origin=origin).load('train/a', dict(img=image))
    limbs = PART_GROUPS['eight'].limb_labels
    parts = np.array([0, *(limbs[limb] for limb in LIMB_INDEX)])
    np.testing.assert_array_equal(parts[label], drawn)


def test_several_processes_make_the_same(tmp_path):
    poses = {}
    for i in range(200):
        write_image(tmp_path / f'images/{i:03}.jpg')
        poses[f'{i:03}'] = moved(STANDING, i % 7)
    maker = KeypointFile(write_keypoints(tmp_path / 'k.json', poses))
    counts = make(maker, tmp_path, processes=2)
    assert counts.made == 200
    expected = maker.make(np.zeros((*SHAPE, 3), np.uint8), '013')
    np.testing.assert_array_equal(read(tmp_path / 'labels/013.png'), expected)


def test_labels_of_a_public_set_leave_out_identity_folders_and_junk(tmp_path):
    write_image(tmp_path / 'train/occluded_body_images/0007/0007_1.jpg')
    write_image(tmp_path / 'train/whole_body_images/0007/0007_2.jpg')
    write_image(tmp_path / 'test/occluded_body_images/0008/0008_1.jpg')
    write_image(tmp_path / 'test/whole_body_images/0008/0008_2.jpg')
    stems = [stem for _, stem in find_images(tmp_path, 'p_dukemtmc')]
    assert stems == ['train/occluded_body_images/0007_1', 'train/whole_body_images/0007_2']
    assert len(find_images(tmp_path, 'p_dukemtmc', test=True)) == 4
    for stem in ('-1_c1s1_000001_01', '0000_c1s1_000001_01'):
        write_image(tmp_path / 'market/bounding_box_test' / f'{stem}.jpg')
    for folder in ('query', 'bounding_box_train'):
        (tmp_path / 'market' / folder).mkdir()
    found = find_images(tmp_path / 'market', 'market1501', test=True)
    assert [stem for _, stem in found] == ['bounding_box_test/0000_c1s1_000001_01']


def test_the_images_of_a_folder_layout_have_the_stems_of_the_data_set(tmp_path):
    for stem in ('train/7/a', 'train/8/a', 'query/7/b', 'gallery/7/c'):
        write_image(tmp_path / f'{stem}.jpg')
    dataset = ReIDDataset('folder', str(tmp_path), 'train')
    found = [(str(path), stem) for path, stem in find_images(tmp_path, 'folder')]
    assert found == dataset_images(dataset)
    assert len(find_images(tmp_path, 'folder', test=True)) == 4


def test_labels_below_the_images_are_no_images(tmp_path):
    write_image(tmp_path / 'a/x.jpg')
    write_image(tmp_path / 'masks/a/x.png')
    stems = [stem for _, stem in find_images(tmp_path, skip=tmp_path / 'a/../masks')]
    assert stems == ['a/x']
    with pytest.raises(ValueError, match='holds no image'):
        find_images(tmp_path / 'masks', skip=tmp_path / 'masks')


def test_wrong_folders_are_named(tmp_path):
    with pytest.raises(ValueError, match='holds no image'):
        find_images(tmp_path)
    with pytest.raises(FileNotFoundError, match='nowhere does not exist'):
        find_images(tmp_path / 'nowhere')
    with pytest.raises(ValueError, match='layout must be one of market1501'):
        find_images(tmp_path, 'market')


def run(*arguments):
    command = [sys.executable, ROOT / 'tools/data/make_parsing_labels.py', *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_the_command_line(folder):
    ann_file = write_keypoints(folder / 'k.json', {'train/a': STANDING})
    paths = (folder / 'images', folder / 'labels', '--source')
    done = run(*paths, 'KeypointFile', '--options', f'ann_file={ann_file}')
    assert done.returncode == 0 and '1 labels made' in done.stdout, done.stderr
    done = run(*paths, 'KeypointFile', '--options', 'ann_file=none.json')
    assert done.returncode == 1 and 'error: none.json does not exist' in done.stderr
    done = run(*paths, 'RTMPose', '--options', 'onnx_model=rtm.onnx')
    assert done.returncode == 1 and "pip install 'mmdrop[rtmlib]'" in done.stderr


def test_a_source_of_ones_own_is_registered_and_built(folder):
    @LABEL_MAKERS.register_module()
    class Everything(Moody):
        pass

    try:
        assert make(dict(type='Everything'), folder).made == 3
    finally:
        LABEL_MAKERS.module_dict.pop('Everything')


# ---- the geometry, on recorded outputs


def test_the_central_box_is_that_of_the_nearest_centre():
    # An image of 100 × 50: centre (25, 50). Centres (10, 50) and (25, 60): 15 and 10 away.
    boxes = np.array([[0, 0, 20, 100], [20, 40, 30, 80]])
    assert nearest_to_centre(boxes, (100, 50)) == 1


def test_the_person_inside_the_mask_is_chosen_by_known_key_points():
    mask = np.zeros(SHAPE, bool)
    mask[:, 32:] = True
    people = np.stack([moved(STANDING, -20), moved(STANDING, 10)])
    boxes = np.array([[0, 0, 64, 128], [30, 0, 64, 128]])
    assert most_inside(people, 0.0, mask, boxes) == 1
    people[1, :, 2] = 0  # nothing of the second is known
    people[0, 0] = (40, 10, 1)
    assert most_inside(people, 0.0, mask, boxes) == 0
    # key points beyond the image are in no mask; of equals the central one is taken
    people[:] = moved(STANDING, 500)
    assert most_inside(people, 0.0, mask, boxes) == 0


class Recorded(nn.Module):
    """A detector that answers with a recorded output."""

    def __init__(self, output):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.output = {key: torch.tensor(value) for key, value in output.items()}
        self.seen = []

    def forward(self, images):
        self.seen += images
        return [self.output]


def recorded_models(monkeypatch, poses=None, masks=None):
    models = []

    def build(builder, official, weights, device, **options):
        output = masks if 'Mask' in type(official).__name__ else poses
        models.append(Recorded(output))
        return models[-1]

    monkeypatch.setattr(torchvision_models, 'build_model', build)
    return models


def keypoint_output(*people, scores=None, labels=None):
    """As Keypoint R-CNN gives it: a third number of 1, certainties apart, corner coordinates."""
    points = np.stack([moved(person, 0.5, 0.5) for person in people])
    logits = points[..., 2] * 10 - 2
    points[..., 2] = 1
    low, high = points[..., :2].min(1), points[..., :2].max(1)
    return dict(
        boxes=np.concatenate([low, high], 1),
        labels=np.array(labels or [1] * len(people)),
        scores=np.array(scores or [0.9] * len(people), np.float32),
        keypoints=points,
        keypoints_scores=logits,
    )


def test_keypoint_rcnn_draws_the_central_person(monkeypatch):
    aside = moved(STANDING, -30)
    recorded_models(monkeypatch, keypoint_output(aside, STANDING))
    maker = KeypointRCNN()
    image = np.zeros((*SHAPE, 3), np.uint8)
    image[..., 0] = 255  # blue in BGR
    label = maker.make(image, 'a')
    assert limb_at(label, 32, 15) == 'head' and limb_at(label, 2, 15) is None
    seen = maker.detect.model.seen[0]
    assert seen.shape == (3, *SHAPE) and seen[2].eq(1).all() and seen[:2].eq(0).all()  # RGB, 0..1


def test_coordinates_of_keypoint_rcnn_become_those_of_pixel_centres():
    output = {key: torch.tensor(value) for key, value in keypoint_output(STANDING).items()}
    points, boxes = read_keypoint_rcnn(output)
    np.testing.assert_allclose(points[0, :, :2], STANDING[:, :2], atol=1e-5)
    np.testing.assert_allclose(boxes[0, :2], STANDING[:, :2].min(0), atol=1e-5)


def test_a_filter_masks_key_points_of_a_file_too(monkeypatch, folder):
    masks = mask_output((0, 32))
    recorded_models(monkeypatch, masks=masks)
    ann_file = write_keypoints(folder / 'k.json', POSES)
    image = np.zeros((*SHAPE, 3), np.uint8)
    whole = KeypointFile(ann_file).make(image, 'train/a')
    maker = KeypointFile(ann_file, mask_filter=dict(type='MaskRCNNFilter'))
    label = maker.make(image, 'train/a')
    assert not maker.parallel and KeypointFile(ann_file).parallel
    inside = maker.mask_filter.find_mask(image)
    assert whole[~inside].any()
    np.testing.assert_array_equal(label, np.where(inside, whole, 0))


def test_a_mask_begins_above_its_threshold(monkeypatch):
    masks = mask_output((0, 64))
    masks['masks'][:] = 0.5
    masks['masks'][..., 10, 20] = 0.51
    recorded_models(monkeypatch, masks=masks)
    mask = MaskRCNNFilter().find_mask(np.zeros((*SHAPE, 3), np.uint8))
    assert mask.sum() == mask[10, 20] == 1


@pytest.fixture
def rcnn(monkeypatch):
    def build(*people, masks=None, mask_filter=None, **output):
        recorded_models(monkeypatch, keypoint_output(*people, **output), masks)
        return KeypointRCNN(mask_filter=mask_filter)

    return build


def test_joints_of_low_score_are_not_drawn(rcnn):
    hidden = STANDING.copy()
    legs = [COCO_JOINTS.index(f'{s}_{j}') for s in ('left', 'right') for j in ('knee', 'ankle')]
    hidden[legs, 2] = 0.3  # a logit of 1, below min_score
    label = rcnn(hidden).make(np.zeros((*SHAPE, 3), np.uint8), 'a')
    assert limb_at(label, 32, 40) == 'upper_torso' and not label[95:].any()


def test_uncertain_people_and_other_classes_are_nobody(rcnn):
    image = np.zeros((*SHAPE, 3), np.uint8)
    with pytest.raises(NoPerson, match='no pose'):
        rcnn(STANDING, scores=[0.3]).make(image, 'a')
    with pytest.raises(NoPerson, match='no pose'):
        rcnn(STANDING, labels=[2]).make(image, 'a')
    unsure = STANDING.copy()
    unsure[:, 2] = 0
    with pytest.raises(NoPerson, match='certain enough'):
        rcnn(unsure).make(image, 'a')


def mask_output(*spans):
    """As Mask R-CNN gives it: people who fill these columns of the image."""
    masks = np.zeros((len(spans), 1, *SHAPE), np.float32)
    for mask, (left, right) in zip(masks, spans, strict=True):
        mask[0, :, left:right] = 0.9
    boxes = np.array([[left, 0, right, SHAPE[0]] for left, right in spans], np.float32)
    labels, scores = np.ones(len(spans), int), np.full(len(spans), 0.8, np.float32)
    return dict(boxes=boxes.reshape(-1, 4), labels=labels, scores=scores, masks=masks)


def test_the_mask_of_the_central_person_filters_another_ones_pose(rcnn):
    # The pose at the left has its box nearer to the centre, but the mask says who is meant.
    left, right = moved(STANDING, -8), moved(STANDING, 12)
    image = np.zeros((*SHAPE, 3), np.uint8)
    plain = rcnn(left, right).make(image, 'a')
    assert limb_at(plain, 24, 15) == 'head'
    masks = mask_output((0, 20), (30, 50))  # centres at 10 and 40 of 64
    filtered = rcnn(left, right, masks=masks, mask_filter=dict(type='MaskRCNNFilter'))
    label = filtered.make(image, 'a')
    assert limb_at(label, 44, 15) == 'head'
    assert not label[:, :30].any() and not label[:, 50:].any() and label[:, 30:50].any()


def test_without_a_mask_nobody_is_labelled(rcnn):
    maker = rcnn(STANDING, masks=mask_output(), mask_filter=dict(type='MaskRCNNFilter'))
    with pytest.raises(NoPerson, match='no mask'):
        maker.make(np.zeros((*SHAPE, 3), np.uint8), 'a')


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 2, 1), nn.BatchNorm2d(2))


class Official:
    url = 'https://example.org/models/tiny-12345678.pth'


def test_weights_are_read_from_a_file_without_a_network(tmp_path):
    torch.manual_seed(0)
    saved = Tiny()
    torch.save(saved.state_dict(), tmp_path / 'tiny.pth')

    def builder(weights, weights_backbone, **options):
        assert weights is None and weights_backbone is None and options == dict(min_size=64)
        return Tiny()

    path = str(tmp_path / 'tiny.pth')
    model = torchvision_models.build_model(builder, Official, path, 'cpu', min_size=64)
    assert not model.training and model.backbone[1].eps == 0.0
    assert model.backbone[0].weight.equal(saved.backbone[0].weight)
    torch.save({'x': torch.zeros(1)}, path)
    with pytest.raises(RuntimeError, match=r'tiny\.pth is not https.*tiny-12345678'):
        torchvision_models.build_model(builder, Official, path, 'cpu', min_size=64)
    with pytest.raises(FileNotFoundError, match=r'none\.pth does not exist: it should be https'):
        torchvision_models.build_model(builder, Official, 'none.pth', 'cpu')


def test_without_a_network_the_message_says_which_file_to_put_where(monkeypatch, tmp_path):
    class Unreachable(Official):
        def get_state_dict(weights_only, **options):
            assert weights_only
            raise URLError('no route')

    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    with pytest.raises(RuntimeError) as error:
        torchvision_models.build_model(lambda **options: Tiny(), Unreachable, None, 'cpu')
    text = str(error.value)
    assert Official.url in text and '(no route)' in text and 'pass weights=FILE' in text
    assert f'put it into {tmp_path}/hub/checkpoints as tiny-12345678.pth' in text


def test_torchvisions_own_models_give_what_is_read(tmp_path):
    from torchvision.models import detection

    torch.manual_seed(0)
    image = np.random.default_rng(0).integers(0, 256, (*SHAPE, 3)).astype(np.uint8)
    for builder, maker in (
        (detection.keypointrcnn_resnet50_fpn, KeypointRCNN),
        (detection.maskrcnn_resnet50_fpn, MaskRCNNFilter),
    ):
        path = tmp_path / 'random.pth'
        state = builder(weights=None, weights_backbone=None).state_dict()
        state['roi_heads.box_predictor.cls_score.bias'][1] += 10  # random weights see people
        torch.save(state, path)
        made = maker(weights=str(path), person_score=0.0, min_size=64, device='cpu')
        found = made.detect(image)
        assert len(found['boxes'])  # of random weights
        if maker is KeypointRCNN:
            keypoints, boxes = made.find_people(image)
            assert keypoints.shape == (len(boxes), 17, 3) and boxes.shape[1] == 4
        else:
            assert made.find_mask(image).shape == SHAPE


def fake_rtmlib(monkeypatch, points, scores):
    calls = []

    class Solution:
        def __init__(self, onnx_model, model_input_size, backend, device):
            calls.append((type(self).__name__, onnx_model, model_input_size, backend, device))

        def __call__(self, image):
            return np.array(points, np.float32), np.array(scores, np.float32)

    module = types.SimpleNamespace(
        RTMPose=type('RTMPose', (Solution,), {}), RTMO=type('RTMO', (Solution,), {})
    )
    monkeypatch.setitem(sys.modules, 'rtmlib', module)
    return calls


def test_rtmpose_sees_the_whole_image_as_one_person(monkeypatch, tmp_path):
    (tmp_path / 'm.onnx').write_bytes(b'x')
    calls = fake_rtmlib(monkeypatch, [STANDING[:, :2]], [STANDING[:, 2]])
    maker = RTMPose(str(tmp_path / 'm.onnx'), input_size=[192, 256])
    assert calls == [('RTMPose', str(tmp_path / 'm.onnx'), (192, 256), 'onnxruntime', 'cpu')]
    assert limb_at(maker.make(np.zeros((*SHAPE, 3), np.uint8), 'a'), 32, 15) == 'head'


def test_rtmo_finds_several_of_whom_the_central_one_is_drawn_or_nobody(monkeypatch, tmp_path):
    (tmp_path / 'm.onnx').write_bytes(b'x')
    people = np.stack([moved(STANDING, 25), STANDING])
    fake_rtmlib(monkeypatch, people[..., :2], people[..., 2])
    image = np.zeros((*SHAPE, 3), np.uint8)
    label = RTMO(str(tmp_path / 'm.onnx'), input_size=(640, 640)).make(image, 'a')
    assert limb_at(label, 32, 15) == 'head' and limb_at(label, 60, 15) is None
    fake_rtmlib(monkeypatch, np.zeros((1, 17, 2)), np.zeros((1, 17)))  # its way to say nobody
    with pytest.raises(NoPerson, match='no pose'):
        RTMO(str(tmp_path / 'm.onnx')).make(image, 'a')


def test_a_model_that_is_not_there_is_named(monkeypatch):
    fake_rtmlib(monkeypatch, [], [])
    with pytest.raises(FileNotFoundError, match=r'rtm\.onnx does not exist: download an ONNX'):
        RTMPose('rtm.onnx')


def test_an_extra_that_is_not_installed_says_how_to_install_it(monkeypatch):
    for package, maker in (('rtmlib', lambda: RTMPose('a.onnx')), ('openpifpaf', OpenPifPaf)):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(ModuleNotFoundError, match=f'needs {package}: pip install'):
            maker()


@pytest.mark.parametrize(('components', 'place'), [(8, 1), (9, 0)])
def test_confidences_of_each_version_of_openpifpaf(components, place):
    cif, caf = np.full((17, 5, 4, 3), 7.0), np.full((19, components, 4, 3), 7.0)
    cif[:, place] = np.linspace(0, 1, 17)[:, None, None]
    caf[:, place] = np.linspace(0.5, 1, 19)[:, None, None]
    fields = read_fields(cif, caf)
    assert fields.shape == (36, 4, 3)
    np.testing.assert_allclose(fields[:, 0, 0], [*np.linspace(0, 1, 17), *np.linspace(0.5, 1, 19)])


def test_fields_of_another_model_are_refused():
    with pytest.raises(ValueError, match='not one of 17 body key points'):
        read_fields(np.zeros((133, 5, 4, 3)), np.zeros((19, 8, 4, 3)))


def test_fields_are_filtered_by_the_share_of_a_cell_that_the_mask_covers():
    mask = np.zeros((8, 4), bool)
    mask[:, 1:] = True  # cells of 4 × 2 pixels: the left ones are half covered
    fields = filter_fields(np.ones((36, 2, 2)), mask)
    np.testing.assert_allclose(fields[0], [[0.5, 1.0], [0.5, 1.0]])


def test_weights_of_openpifpaf_that_cannot_be_had_are_named(monkeypatch):
    def fail(checkpoint):
        raise URLError('no network')

    urls = types.SimpleNamespace(CHECKPOINT_URLS={'small': 'http://host/v0.13/small-1234.pkl'})
    fake = types.SimpleNamespace(Predictor=fail, network=types.SimpleNamespace(factory=urls))
    monkeypatch.setitem(sys.modules, 'openpifpaf', fake)
    with pytest.raises(RuntimeError, match=r'no network.* as small-1234.pkl or pass checkpoint='):
        OpenPifPaf('small')
    with pytest.raises(FileNotFoundError, match=r'none\.pkl does not exist'):
        OpenPifPaf('none.pkl')


def test_openpifpaf_writes_the_published_format(monkeypatch, folder):
    recorded_models(monkeypatch, masks=mask_output((16, 48)))
    head = COCO_JOINTS.index('nose')
    seen = []

    class Predictor:
        model, device = None, 'cpu'

        def __init__(self, checkpoint):
            assert checkpoint == 'shufflenetv2k16'
            self.processor = self

        def preprocess(self, picture, annotations, meta):
            seen.append((picture.size, picture.getpixel((0, 0))))
            return torch.zeros(3, 129, 65), annotations, dict(offset=np.zeros(2))

        def fields_batch(self, model, batch, device):
            assert batch.shape == (1, 3, 129, 65)
            cif, caf = torch.zeros(17, 5, 17, 9), torch.zeros(19, 8, 17, 9)
            cif[head, 1, :4] = 0.9
            return [[cif, caf]]

    monkeypatch.setitem(sys.modules, 'openpifpaf', types.SimpleNamespace(Predictor=Predictor))
    for path in (folder / 'images/train').iterdir():
        Image.new('RGB', (64, 128), (250, 90, 10)).save(path, quality=100, subsampling=0)
    counts = make(OpenPifPaf(mask_filter=dict(type='MaskRCNNFilter')), folder)
    assert counts.made == 3 and seen[0][0] == (64, 128), counts
    assert np.abs(np.subtract(seen[0][1], (250, 90, 10))).max() < 3  # RGB, of a JPEG file
    assert 'type=LoadPifPafFields' in str(counts)
    fields = np.load(folder / 'labels/train/a.npy')
    assert fields.shape == (36, 17, 9) and fields.dtype == np.float32
    source = LoadPifPafFields(str(folder / 'labels'), num_parts=5)
    label = source.load('train/a', dict(img=np.zeros((*SHAPE, 3), np.uint8)))
    assert label[5, 32] == 1 and label[5, 4] == 0 and label[100, 32] == 0


def test_the_padding_of_openpifpaf_is_cut_from_its_fields():
    # An image of 40 × 20 at (6, 4) of a padded one of 49 × 33, so cells are 8 pixels apart. Where
    # a field says its x in the padded image, the result says those of its own cells' centres.
    x, y = np.meshgrid(8.0 * np.arange(5), 8.0 * np.arange(7))
    fields = np.stack([x, y] * 18).astype(np.float32)
    cut = cut_padding(fields, (49, 33), (40, 20), (6, 4))
    assert cut.shape == (36, 7, 5)
    # five cells of 4 pixels: centres at 1.5, 5.5, …; seven of 40/7
    np.testing.assert_allclose(cut[0][3], 6 + 1.5 + 4 * np.arange(5), atol=0.3)
    np.testing.assert_allclose(cut[1][:, 2], 4 - 0.5 + (np.arange(7) + 0.5) * 40 / 7, atol=0.3)


def test_fields_beyond_their_range_are_clipped():
    cif, caf = np.zeros((17, 5, 2, 2)), np.zeros((19, 8, 2, 2))
    cif[0, 1, 0], cif[1, 1, 0] = 1.2, np.nan
    fields = read_fields(cif, caf)
    assert fields[0, 0].tolist() == [1, 1] and fields[1, 0].tolist() == [0, 0]


def test_a_bad_image_gets_fields_of_background(monkeypatch, folder):
    class Fields(Moody):
        suffix = '.npy'

    make(Fields([NoPerson('x')]), folder)
    source = LoadPifPafFields(str(folder / 'labels'), num_parts=8)
    label = source.load('train/a', dict(img=np.zeros((*SHAPE, 3), np.uint8)))
    assert label.shape == SHAPE and not label.any()
