"""Retrieval scores of a test set that holds its queries and its gallery."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmdrop.functional import (
    KReciprocalReranking,
    check_hidden,
    check_reranking,
    check_verification,
    count_protocol,
    evaluate_ranking,
    evaluate_verification,
    rank_gallery,
)
from mmdrop.registry import METRICS
from mmdrop.structures import find_embeddings

from .table_rows import select_columns, table_columns

_NAME = re.compile(r'global|foreground|parts|(part|stripe)_\d+')
_JUNK = -1  # pid of images that take no rank


@METRICS.register_module()
class ReIDMetric(BaseMetric):
    """mAP, mINP and Rank-k of the queries against the gallery of the same data set, in percent.

    The protocol is that of :mod:`mmdrop.functional.ranking`. After ``compute_metrics``, the
    attribute ``rank_lists`` holds the first gallery images of some queries, evenly spaced through
    the query list. Each is a dict of ``'embedding_names'``, ``'query'`` and ``'gallery'``, a dict
    and a list of dicts with ``'img_path'``, ``'pid'``, ``'camid'`` and ``'visibility'`` (bool
    tensor ``(E,)``), those of the gallery also with ``'distance'`` and ``'match'`` (bool).

    Args:
        embeddings: Names of the embeddings to match by: ``'global'``, ``'foreground'``,
            ``'parts'`` (every part or stripe), ``'part_k'`` or ``'stripe_k'``.
        topk: Ranks of the CMC curve to report.
        table: Also report every row of Table 6 of the paper that the model has embeddings for,
            under keys such as ``'G+F/mAP'``: each part alone, legs and feet in pairs at K = 8,
            and the combinations. Each row is ranked anew.
        hidden: What embeddings count that a gallery image hides: ``'skip'``, a distance or
            ``'mean'``, see :func:`~mmdrop.functional.part_distance`.
        graded: Weigh embeddings by the products of their visibility scores, instead of counting
            those that are visible in both images.
        squared: Rank by the mean of squared distances, as inner products of flat codes do, see
            :func:`~mmdrop.functional.to_flat`.
        rerank: Also report the scores after k-reciprocal re-ranking, under keys such as
            ``'reranked/mAP'``: True, or a dict of ``k1`` (20), ``k2`` (6) and ``weight`` (0.3), see
            :class:`~mmdrop.functional.KReciprocalReranking`.
        verification: Also report, under keys such as ``'verification/TPR@FPR=0.001'``, how many
            pairs of one person are accepted where few pairs of two are, and how many queries are
            identified where few strangers are, see
            :func:`~mmdrop.functional.evaluate_verification`: True, or a dict of ``fpr`` and
            ``fpir``, see :meth:`~mmdrop.functional.Verification.scores`.
        num_rank_lists: Number of queries to keep rank lists of.
        rank_list_length: Gallery images in a rank list.
        collect_device: Device to gather the results of all processes on, ``'cpu'`` or ``'gpu'``.
        prefix: Prefix of the reported names, ``'reid'`` if left out.

    Raises:
        ValueError: An argument is out of range.
    """

    default_prefix = 'reid'

    def __init__(
        self,
        embeddings: str | Sequence[str] = ('foreground', 'parts'),
        topk: int | Sequence[int] = (1, 5, 10),
        table: bool = False,
        hidden: str | float = 'skip',
        graded: bool = False,
        squared: bool = False,
        rerank: bool | Mapping[str, float] = False,
        verification: bool | Mapping[str, Sequence[float]] = False,
        num_rank_lists: int = 8,
        rank_list_length: int = 10,
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ):
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.embeddings = (embeddings,) if isinstance(embeddings, str) else tuple(embeddings)
        unknown = [name for name in self.embeddings if not _NAME.fullmatch(name)]
        if unknown or not self.embeddings:
            raise ValueError(
                "embeddings must be names out of 'global', 'foreground', 'parts', 'part_k', "
                f"'stripe_k', got {unknown or embeddings}"
            )
        self.topk = (topk,) if isinstance(topk, int) else tuple(topk)
        if min(self.topk, default=0) < 1:
            raise ValueError(f'topk must hold ranks from 1 on, got {topk}')
        check_hidden(hidden)
        self.rerank = ({} if rerank is True else dict(rerank)) if rerank else None
        if self.rerank is not None:
            if hidden != 'skip':
                raise ValueError("rerank needs hidden='skip': other distances are not symmetric")
            if squared:
                raise ValueError('rerank has distances of its own: set squared=False')
            check_reranking(**self.rerank)
        self.verification = check_verification(verification)
        if num_rank_lists < 0 or rank_list_length < 1:
            raise ValueError(
                'num_rank_lists must be at least 0 and rank_list_length at least 1, '
                f'got {num_rank_lists} and {rank_list_length}'
            )
        self.table = table
        self.hidden = hidden
        self.graded = graded
        self.squared = squared
        self.num_rank_lists = num_rank_lists
        self.rank_list_length = rank_list_length
        self.rank_lists: list[dict] = []

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep what the ranking needs of each sample, on the CPU."""
        for sample in data_samples:
            self.results.append(
                dict(
                    # Cloned: to pickle a view, as gathering does, would write its whole batch.
                    embeddings=sample['embeddings'].detach().to('cpu', torch.float32).clone(),
                    visibility=sample['visibility'].cpu().clone(),
                    embedding_names=tuple(sample['embedding_names']),
                    pid=int(sample['pid']),
                    camid=int(sample['camid']),
                    is_query=bool(sample['is_query']),
                    img_path=str(sample['img_path']),
                )
            )
            if self.graded:
                if 'visibility_score' not in sample:
                    raise ValueError(
                        'graded matching needs the visibility_score of each embedding, which this '
                        'model does not predict: set graded=False'
                    )
                score = sample['visibility_score'].to('cpu', torch.float32)
                self.results[-1]['visibility_score'] = score.clone()

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Rank, log a table and return the scores."""
        sides: dict[str, list[dict]] = {'query': [], 'gallery': []}
        for result in results:
            sides['query' if result['is_query'] else 'gallery'].append(result)
        for side, samples in sides.items():
            if not samples:
                raise ValueError(
                    f'the test set holds no {side} image among its {len(results)} samples: '
                    'ReIDMetric needs query and gallery (is_query) in one data set'
                )
        names = results[0]['embedding_names']
        rows = {'+'.join(self.embeddings): find_embeddings(self.embeddings, names)}
        if self.table:
            rows |= table_columns(names)

        visibility = 'visibility_score' if self.graded else 'visibility'
        inputs = {
            side: {
                'embeddings': torch.stack([s['embeddings'] for s in samples]),
                'visibility': torch.stack([s[visibility] for s in samples]),
            }
            for side, samples in sides.items()
        }
        labels: dict[str, Any] = {
            f'{side}_{key}s': [sample[key] for sample in samples]
            for key in ('pid', 'camid')
            for side, samples in sides.items()
        }
        rule: dict[str, Any] = dict(hidden=self.hidden, squared=self.squared)
        scores: dict[tuple, dict[str, float]] = {}  # two rows may stand for the same embeddings
        for columns in rows.values():
            key = tuple(columns)
            if key not in scores:
                arguments = select_columns(inputs, columns)
                scores[key] = evaluate_ranking(**arguments, **labels, topk=self.topk, **rule)
        scores_of_rows = {row: scores[tuple(columns)] for row, columns in rows.items()}
        if self.rerank is not None:
            arguments = select_columns(inputs, next(iter(rows.values())))
            scores_of_rows['reranked'] = self._score_reranked(arguments, labels)
        arguments = select_columns(inputs, next(iter(rows.values())))
        verified: dict[str, float] = {}
        if self.verification is not None:
            pairs = evaluate_verification(**arguments, **labels, **rule)
            verified = pairs.scores(**self.verification)
        self._log(scores_of_rows, verified, count_protocol(**labels))

        main = next(iter(rows))
        self.rank_lists = self._make_rank_lists(sides, arguments, labels)
        metrics = dict(scores_of_rows.pop(main))
        for row, row_scores in scores_of_rows.items():
            metrics |= {f'{row}/{name}': value for name, value in row_scores.items()}
        return metrics | {f'verification/{name}': value for name, value in verified.items()}

    def _score_reranked(self, arguments: dict, labels: dict) -> dict[str, float]:
        # Junk of the data set must not be anybody's neighbour.
        for side in ('query', 'gallery'):
            known = torch.tensor(labels[f'{side}_pids']) != _JUNK
            visible = arguments[f'{side}_visibility']
            arguments[f'{side}_visibility'] = visible.masked_fill(~known[:, None], 0)
        distances = KReciprocalReranking(**arguments, **self.rerank)
        return evaluate_ranking(**arguments, **labels, topk=self.topk, distances=distances)

    def _log(
        self,
        rows: dict[str, dict[str, float]],
        verified: dict[str, float],
        counts: dict[str, int],
    ) -> None:
        width = max(len('embeddings'), *map(len, rows))
        name = (self.dataset_meta or {}).get('dataset_name', 'test set')
        lines = [
            f'{name}: {counts["queries"]} queries ({counts["ignored_queries"]} without a match '
            'ignored), '
            f'{counts["gallery"]} gallery images ({counts["dropped"]} with pid -1 dropped) of '
            f'{counts["identities"]} identities, {counts["junk"]} junk pairs skipped'
        ]
        header = next(iter(rows.values()))
        lines.append('embeddings'.ljust(width) + ''.join(f'{name:>9}' for name in header))
        for row, scores in rows.items():
            lines.append(row.ljust(width) + ''.join(f'{x:9.2f}' for x in scores.values()))
        lines += [f'{name:<15}{value:9.2f}' for name, value in verified.items()]
        print_log('\n'.join(lines), logger='current')

    def _make_rank_lists(
        self, sides: dict[str, list[dict]], arguments: dict, labels: dict
    ) -> list[dict]:
        """Rank lists of ``num_rank_lists`` queries, as the class describes them."""
        num_queries = len(sides['query'])
        number = min(self.num_rank_lists, num_queries)
        if not number:
            return []
        chosen = torch.linspace(0, num_queries - 1, number).round().long()
        arguments = {
            key: value[chosen] if key.startswith('query') else value
            for key, value in arguments.items()
        }
        labels = {
            key: [value[i] for i in chosen] if key.startswith('query') else value
            for key, value in labels.items()
        }
        indices, distances = rank_gallery(
            **arguments,
            **labels,
            k=self.rank_list_length,
            hidden=self.hidden,
            squared=self.squared,
        )
        rank_lists = []
        for i, row, row_distances in zip(chosen, indices, distances, strict=True):
            query = _describe(sides['query'][i])
            gallery = [
                _describe(sides['gallery'][j], distance=distance.item())
                for j, distance in zip(row, row_distances, strict=True)
                if j >= 0  # fewer are left behind the junk
            ]
            for image in gallery:
                image['match'] = image['pid'] == query['pid']
            names = sides['query'][i]['embedding_names']
            rank_lists.append(dict(embedding_names=names, query=query, gallery=gallery))
        return rank_lists


def _describe(sample: dict, **more: Any) -> dict:
    return {key: sample[key] for key in ('img_path', 'pid', 'camid', 'visibility')} | more
