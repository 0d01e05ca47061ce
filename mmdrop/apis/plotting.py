"""What saved embeddings look like: map, distances, CMC and ROC."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from mmdrop.apis.embedding_set import EmbeddingSet
from mmdrop.functional import evaluate_ranking, evaluate_verification, part_distance
from mmdrop.utils import import_extra
from mmdrop.visualization import draw_cmc, draw_distances, draw_map, draw_roc

_MOST = 3000  # images whose pairs are drawn
_RANKS = 50


def name_people(embedded: EmbeddingSet) -> tuple[str, ...]:
    """Whom each image shows: as the set says, or the name of the folder that it lies in."""
    return embedded.people or tuple(Path(name).parent.name for name in embedded.names)


def plot_embeddings(
    embedded: EmbeddingSet,
    rules: Sequence[Sequence[str]] = (('foreground', 'parts'),),
    seed: int = 0,
    perplexity: float = 20.0,
) -> dict[str, np.ndarray]:
    """Pictures of a set of embeddings, the people of which are known.

    Every image is a query and looked for among all others.  Of more than 3,000 images some are
    drawn by chance.

    Args:
        embedded: The set.
        rules: Embeddings to compare by; curves are drawn for each, map and distances for the first.
        seed: Of what is drawn by chance, and of the map.
        perplexity: Of t-SNE: about how many neighbours an image has.

    Returns:
        ``'map'``, ``'distances'``, ``'cmc'`` and ``'roc'``, RGB; without people who have several
        images the first alone.

    Raises:
        ModuleNotFoundError: scikit-learn, which makes the map, is not installed.
        ValueError: There are fewer than three images, or no embedding of a name.
    """
    if len(embedded) < 3:
        raise ValueError(f'a picture needs three images or more, got {len(embedded)}')
    people = name_people(embedded)
    if len(embedded) > _MOST:
        rows = np.sort(np.random.default_rng(seed).permutation(len(embedded))[:_MOST])
        embedded, people = embedded.take(rows.tolist()), tuple(people[row] for row in rows)
    names, pids = np.unique(np.asarray(people), return_inverse=True)
    values, visible = embedded.select(rules[0])
    distance = part_distance(values, values, visible, visible).numpy()
    pictures = {'map': draw_map(_map(distance, seed, perplexity), people)}
    if len(names) == len(embedded) or len(names) == 1:
        return pictures
    first, second = np.triu_indices(len(embedded), 1)
    same = pids[first] == pids[second]
    pairs = distance[first, second]
    known = np.isfinite(pairs)
    pictures['distances'] = draw_distances(pairs[same & known], pairs[~same & known])
    cmc, roc = {}, {}
    # Each image has a camera of its own: no more than it itself is junk.
    labels = dict(query_pids=pids, gallery_pids=pids)
    labels |= dict.fromkeys(('query_camids', 'gallery_camids'), np.arange(len(pids)))
    for rule in rules:
        values, visible = embedded.select(rule)
        sides = dict(
            query=values, gallery=values, query_visibility=visible, gallery_visibility=visible
        )
        ranks = range(1, min(_RANKS, len(pids) - 1) + 1)
        scores = evaluate_ranking(**sides, **labels, topk=tuple(ranks))
        found = evaluate_verification(**sides, **labels)
        label = '+'.join(rule)
        cmc[f'{label}: mAP {scores["mAP"]:.1f}'] = [scores[f'Rank-{k}'] for k in ranks]
        roc[f'{label}: EER {found.scores()["EER"]:.1f} %'] = (found.fpr.numpy(), found.tpr.numpy())
    return pictures | {'cmc': draw_cmc(cmc), 'roc': draw_roc(roc)}


def _map(distance: np.ndarray, seed: int, perplexity: float) -> np.ndarray:
    """Two coordinates of each image, ``(N, 2)``, by t-SNE of their distances."""
    manifold = import_extra('sklearn.manifold', 'mmdrop[maps]')
    # Images that share nothing are as far apart as can be.
    distance = np.where(np.isfinite(distance), distance, 2.0)
    np.fill_diagonal(distance, 0)
    method = manifold.TSNE(
        metric='precomputed',
        init='random',
        perplexity=min(perplexity, (len(distance) - 1) / 3),
        random_state=seed,
    )
    with torch.no_grad():
        return method.fit_transform((distance + distance.T) / 2)
