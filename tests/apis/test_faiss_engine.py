import numpy as np
import pytest
import torch

from mmdrop.apis import EmbeddingSet, Gallery, ReIDInferencer
from mmdrop.apis.gallery import FaissEngine
from mmdrop.functional import part_distance, to_flat

pytest.importorskip('faiss')
NAMES = ('global', 'foreground', 'part_1', 'part_2', 'part_3', 'part_4', 'part_5')


def random_images(number, seed, num_embeddings=7, channels=8):
    generator = torch.Generator().manual_seed(seed)
    embeddings = torch.randn(number, num_embeddings, channels, generator=generator)
    return embeddings, torch.rand(number, num_embeddings, generator=generator) < 0.6


def test_every_pattern_has_an_index():
    embeddings, _ = random_images(5, 0, 2)
    visible = torch.tensor([[1, 1], [1, 0], [1, 1], [0, 0], [1, 0]]).bool()
    engine = FaissEngine()
    engine.build(embeddings, visible)
    assert engine.num_patterns == 3
    code = to_flat(embeddings[:1], visible[:1])[0].numpy()
    found = engine.nearest(code, np.array([True, True]), 9)
    assert found[0] == 0 and sorted(found) == [0, 1, 2, 4]  # row 3 shows nothing
    assert len(engine.nearest(0 * code, np.array([False, False]), 9)) == 0


@pytest.mark.parametrize('number', [1, 7, 500])
def test_the_nearest_of_each_pattern_are_the_nearest_of_all(number):
    embeddings, visible = random_images(400, 1)
    engine = FaissEngine()
    engine.build(embeddings[:150], visible[:150])
    engine.add(embeddings[150:], visible[150:], 150)
    queries, shown = random_images(25, 2)
    codes = to_flat(queries, shown).numpy()
    distance = part_distance(queries, embeddings, shown, visible, squared=True)
    for row in range(25):
        found = torch.from_numpy(engine.nearest(codes[row], shown[row].numpy(), number))
        finite = int(distance[row].isfinite().sum())
        assert len(found) == min(number, finite) == len(found.unique())
        expected = distance[row].topk(len(found), largest=False).values
        torch.testing.assert_close(distance[row][found], expected, rtol=0, atol=1e-5)


def test_other_indexes_find_most():
    embeddings, visible = random_images(3000, 3)
    visible[:] = True
    engine = FaissEngine('HNSW16', smallest=1000)
    engine.build(embeddings, visible)
    queries, shown = random_images(20, 4)
    shown[:] = True
    distance = part_distance(queries, embeddings, squared=True)
    codes = to_flat(queries).numpy()
    recall = []
    for row in range(20):
        expected = {*distance[row].topk(10, largest=False).indices.tolist()}
        found = {*engine.nearest(codes[row], shown[row].numpy(), 10).tolist()}
        recall.append(len(expected & found) / 10)
    assert np.mean(recall) > 0.5


def make_set(inferencer, number, seed):
    embeddings, visible = random_images(number, seed)
    visible[:, :2] = True
    return EmbeddingSet([f'{seed}-{i}.jpg' for i in range(number)], embeddings, visible, NAMES)


@pytest.fixture(scope='module')
def inferencer():
    return ReIDInferencer('drop_demo', device='cpu')


def test_a_gallery_with_an_engine_answers_as_one_without(inferencer):
    plain, indexed = Gallery(inferencer), Gallery(inferencer, FaissEngine())
    queries = make_set(inferencer, 6, 99)
    part = inferencer.part_names[2]

    def compare():
        for options in (
            dict(topk=5),
            dict(topk=3, per='person'),
            dict(topk=5, parts=('foreground', part)),
            dict(topk=5, parts='global'),  # in no index
        ):
            assert indexed.search(queries, **options) == plain.search(queries, **options)
        for a, b in zip(indexed.identify(queries), plain.identify(queries), strict=True):
            assert a.name == b.name and a.hits == b.hits
            assert a.probability == pytest.approx(b.probability, rel=1e-3)

    for seed in range(3):
        more = make_set(inferencer, 60, seed)
        for gallery in (plain, indexed):
            gallery.add(more, f'person {seed}')
        compare()
    for gallery in (plain, indexed):
        assert gallery.remove('person 1') == 60
        assert gallery.remove(image='2-7.jpg') == 1
    compare()


def test_rules_of_the_recipe_that_no_index_follows(inferencer):
    before = inferencer.matching
    try:
        for change in (dict(hidden='mean'), dict(graded=True)):
            inferencer.matching = before._replace(**change)
            with pytest.raises(ValueError, match='no index ranks with'):
                Gallery(inferencer, FaissEngine())
    finally:
        inferencer.matching = before
