"""Appearance for trackers: boxes of any kind, and a memory of the parts that were seen."""

import math
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from mmdrop.apis import ReIDInferencer

sys.path.append(str(Path(__file__).parents[1] / 'projects/tracking'))
tracking = import_module('part_tracking')


def appearance(degrees, visible):
    """Boxes of embeddings at angles to 0°."""
    radians = np.deg2rad(np.array(degrees, np.float32))
    vectors = np.stack([np.cos(radians), np.sin(radians)], 2)
    return tracking.Appearance(vectors, np.array(visible))


def test_only_parts_that_are_seen_are_remembered():
    memory = tracking.TrackMemory(momentum=0.5)
    memory.update(7, appearance([[0, 0, 0]], [[True, True, False]]))
    memory.update(7, appearance([[90, 90, 90]], [[True, False, False]]))
    box = appearance([[45, 0, 0]], [[True, True, True]])
    # the first part is half way between 0° and 90°, the second as it was, the third was never seen
    assert memory.distances([7], box) == pytest.approx(np.array([[0.0]]), abs=1e-3)
    only_third = appearance([[0, 0, 0]], [[False, False, True]])
    assert memory.distances([7], only_third).tolist() == [[math.inf]]
    memory.update(7, appearance([[0, 0, 180]], [[False, False, True]]))
    assert memory.distances([7], only_third) == pytest.approx(np.array([[2.0]]))


def test_an_occluder_is_not_learnt():
    memory = tracking.TrackMemory()
    person = appearance([[0, 0]], [[True, True]])
    memory.update(1, person)
    for _ in range(50):  # behind somebody else, of whom the second embedding would be
        memory.update(1, appearance([[5, 170]], [[True, False]]))
    assert memory.distances([1], appearance([[5, 0]], [[True, True]]))[0, 0] < 0.05


def test_tracks_begin_and_end():
    memory = tracking.TrackMemory()
    one = appearance([[0]], [[True]])
    memory.update(1, one)
    memory.update(2, appearance([[60]], [[True]]))
    both = memory.distances([1, 2], appearance([[0], [60]], [[True], [True]]))
    assert both == pytest.approx(np.array([[0.0, 1.0], [1.0, 0.0]]), abs=1e-3)
    assert memory.distances([], one).shape == (0, 1)
    assert memory.distances([1, 2], appearance(np.zeros((0, 1)), np.zeros((0, 1), bool))).shape == (
        2,
        0,
    )
    memory.forget([1, 99])
    assert 1 not in memory and 2 in memory
    with pytest.raises(ValueError, match='momentum'):
        tracking.TrackMemory(1.0)


@pytest.mark.parametrize(
    ('box', 'expected'),
    [
        ([10.5, 20, 30, 40], [10.5, 20, 30, 40]),
        ([-5, -5, 10, 10], [0, 0, 10, 10]),
        ([30, 40, 10, 20], [10, 20, 30, 40]),  # corners turned
        ([15, 15, 15, 15], [15, 15, 16, 16]),  # no area
        ([500, 500, 600, 600], [63, 99, 64, 100]),  # outside
        ([np.nan, 0, np.inf, 5], [0, 0, 64, 5]),
    ],
)
def test_every_box_holds_a_pixel(box, expected):
    assert tracking.fit_boxes([box], (100, 64)).tolist() == [expected]


@pytest.fixture(scope='module')
def embedder():
    return tracking.BoxEmbedder(ReIDInferencer('drop_demo', device='cpu'))


def test_boxes_become_unit_vectors(embedder):
    rng = np.random.default_rng(0)
    frame = rng.integers(0, 256, (200, 300, 3), dtype=np.uint8)
    boxes = [[10, 10, 60, 120], [5, 5, 5, 5], [400, 0, 500, 10], [299, 199, 300, 200], [np.nan] * 4]
    for image in (frame, np.zeros_like(frame)):
        vectors = embedder.embed_boxes(image, boxes)
        assert vectors.shape == (5, len(embedder.names) * embedder.channels)
        assert vectors.dtype == np.float32 and np.isfinite(vectors).all()
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    assert embedder.embed_boxes(frame, np.zeros((0, 4))).shape == (0, vectors.shape[1])
    alone = embedder.inferencer(frame[10:120, 10:60])
    found = embedder.embed_parts(frame, boxes[:1])
    np.testing.assert_array_equal(found.visibility[0], alone['visibility'][0, 1:].numpy())
