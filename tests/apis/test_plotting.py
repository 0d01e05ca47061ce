import numpy as np
import pytest
import torch

import mmdrop.apis.plotting as module
from mmdrop.apis import EmbeddingSet
from mmdrop.apis.plotting import name_people, plot_embeddings


def make(pids, names=None, noise=0.1, seed=0):
    """Images around a point for each person, of two embeddings."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(max(pids) + 1, 2, 8, generator=generator)
    return EmbeddingSet(
        names=names or [f'people/{pid}/{i}.jpg' for i, pid in enumerate(pids)],
        embeddings=centres[pids] + noise * torch.randn(len(pids), 2, 8, generator=generator),
        visibility=torch.ones(len(pids), 2, dtype=torch.bool),
        embedding_names=('foreground', 'part_1'),
    )


def test_people_are_the_folders_unless_the_set_names_them():
    embedded = make([0, 1, 1])
    assert name_people(embedded) == ('0', '1', '1')
    assert name_people(embedded.with_people(('a', 'b', 'b'), None)) == ('a', 'b', 'b')


def test_pictures_get_the_figures_of_the_pairs(monkeypatch):
    drawn = {}
    for name in ('distances', 'cmc', 'roc', 'map'):
        monkeypatch.setattr(
            module, f'draw_{name}', lambda *args, name=name: drawn.setdefault(name, args)
        )
    embedded = make([0, 0, 0, 1, 1, 2])
    plot_embeddings(embedded, [('foreground',), ('foreground', 'parts')])
    genuine, impostor = drawn['distances']
    # 3 pairs of person 0 and 1 of person 1, of 15 in all
    assert (len(genuine), len(impostor)) == (4, 11)
    units = torch.nn.functional.normalize(embedded.embeddings[:, 0], dim=1)
    expected = sorted(
        (units[i] - units[j]).norm().item() for i, j in ((0, 1), (0, 2), (1, 2), (3, 4))
    )
    assert sorted(genuine) == pytest.approx(expected, rel=1e-4)
    points, people = drawn['map']
    assert points.shape == (6, 2) and people == tuple('000112')
    # People lie far apart: the nearest other image is of the same person.
    labels = [label.partition(':')[0] for label in drawn['cmc'][0]]
    assert labels == ['foreground', 'foreground+parts']
    assert all(values == [100] * 5 for values in drawn['cmc'][0].values())
    for label, (fpr, tpr) in drawn['roc'][0].items():
        assert 'EER 0.0' in label and tpr[fpr == 0].max() == 1


def test_neighbours_on_the_map_are_neighbours():
    embedded = make([i // 8 for i in range(48)], noise=0.02)
    pictures = plot_embeddings(embedded)
    assert set(pictures) == {'map', 'distances', 'cmc', 'roc'}
    assert all(p.ndim == 3 and p.dtype == np.uint8 and p.std() > 5 for p in pictures.values())
    distance = torch.cdist(*[embedded.embeddings.flatten(1)] * 2).numpy()
    points = module._map(distance, 0, 7)
    nearest = np.linalg.norm(points[:, None] - points, axis=2) + 1e9 * np.eye(48)
    assert (nearest.argmin(1) // 8 == np.arange(48) // 8).mean() > 0.95


def test_people_with_one_image_each_have_a_map_alone():
    assert set(plot_embeddings(make([0, 1, 2, 3]))) == {'map'}
    with pytest.raises(ValueError, match='three images or more, got 2'):
        plot_embeddings(make([0, 1]))


def test_of_many_images_some_are_drawn(monkeypatch):
    monkeypatch.setattr(module, '_MOST', 10)
    seen = []
    monkeypatch.setattr(module, 'draw_map', lambda points, people: seen.append(people))
    for _ in range(2):
        plot_embeddings(make([i % 5 for i in range(40)]))
    assert len(seen[0]) == 10 and seen[0] == seen[1]


def test_images_that_share_nothing_are_far_apart():
    embedded = make([0, 0, 1, 1, 2, 2])
    embedded.visibility[0] = torch.tensor([True, False])
    embedded.visibility[1] = torch.tensor([False, True])
    assert set(plot_embeddings(embedded)) == {'map', 'distances', 'cmc', 'roc'}
