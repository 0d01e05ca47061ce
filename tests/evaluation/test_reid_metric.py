import pytest
import torch
from mmengine.evaluator import Evaluator

from mmdrop.evaluation import ReIDMetric
from mmdrop.functional import evaluate_ranking
from mmdrop.registry import METRICS
from mmdrop.structures import ReIDDataSample

DROP_NAMES = ('global', 'foreground', 'part_1', 'part_2', 'part_3')


def sample(pid, camid, is_query, embeddings, visibility=None, names=DROP_NAMES):
    if visibility is None:
        visibility = torch.ones(len(names), dtype=torch.bool)
    data_sample = ReIDDataSample(
        pid=pid, camid=camid, is_query=is_query, embeddings=embeddings, visibility=visibility
    )
    img_path = f'{"query" if is_query else "gallery"}/{pid}_{camid}.jpg'
    data_sample.set_metainfo(dict(img_path=img_path, embedding_names=names))
    return data_sample


def random_samples(names=DROP_NAMES, num_queries=6, num_gallery=14):
    generator = torch.Generator().manual_seed(0)
    samples = []
    for i in range(num_queries + num_gallery):
        embeddings = torch.randn(len(names), 4, generator=generator)
        visibility = torch.rand(len(names), generator=generator) < 0.8
        is_query = i < num_queries
        samples.append(sample(i % 4, is_query + i % 3, is_query, embeddings, visibility, names))
    return samples


def evaluate(metric, samples):
    evaluator = Evaluator(metric)
    for start in range(0, len(samples), 3):
        evaluator.process(samples[start : start + 3])
    return evaluator.evaluate(len(samples))


def direct_scores(samples, columns):
    sides = [s for s in samples if s.is_query], [s for s in samples if not s.is_query]
    embeddings, visibility = (
        [torch.stack([s.get(key) for s in side])[:, columns] for side in sides]
        for key in ('embeddings', 'visibility')
    )
    labels = [[s.get(key) for s in side] for key in ('pid', 'camid') for side in sides]
    return evaluate_ranking(*embeddings, *labels, *visibility)


def test_hand_made_test_set_from_config_to_scores():
    towards, away = torch.ones(5, 2), -torch.ones(5, 2)
    # order of the gallery: pid 2, then pid 1, so the only match has rank 2
    samples = [
        sample(1, 0, True, towards),
        sample(1, 1, False, away),
        sample(2, 1, False, towards),
    ]
    metrics = evaluate(METRICS.build(dict(type='ReIDMetric', topk=(1, 5))), samples)
    expected = {'reid/mAP': 50, 'reid/mINP': 50, 'reid/Rank-1': 0, 'reid/Rank-5': 100}
    assert metrics == pytest.approx(expected)


@pytest.mark.parametrize(
    ('embeddings', 'columns'),
    [
        (('foreground', 'parts'), [1, 2, 3, 4]),
        (('parts', 'global'), [0, 2, 3, 4]),
        ('part_2', [3]),
        (('part_1', 'parts'), [2, 3, 4]),
    ],
)
def test_only_the_named_embeddings_are_compared(embeddings, columns):
    samples = random_samples()
    metrics = evaluate(ReIDMetric(embeddings), samples)
    expected = {f'reid/{name}': x for name, x in direct_scores(samples, columns).items()}
    assert metrics == pytest.approx(expected)


def test_hidden_parts_may_count_with_their_mean():
    # Of the gallery the first image, a match, is near in both parts; the second, of another
    # person, hides the part in which it is far.
    query, near = torch.tensor([[1.0, 0.0]] * 2), torch.tensor([[1.0, 0.2]] * 2)
    half = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    names = ('part_1', 'part_2')
    samples = [
        sample(1, 0, True, query, torch.ones(2, dtype=torch.bool), names),
        sample(1, 1, False, near, torch.ones(2, dtype=torch.bool), names),
        sample(2, 1, False, half, torch.tensor([True, False]), names),
        sample(3, 1, False, -query, torch.ones(2, dtype=torch.bool), names),
    ]
    # Without its far part the second image is at 0, the match at 0.2; a hidden part of 1 puts it
    # at 0.5, one of 0.1 at 0.05.
    for hidden, rank_1, first in (('skip', 0, 2), ('mean', 100, 1), (1.0, 100, 1), (0.1, 0, 2)):
        metric = ReIDMetric('parts', hidden=hidden)
        assert evaluate(metric, samples)['reid/Rank-1'] == rank_1
        assert metric.rank_lists[0]['gallery'][0]['pid'] == first
    with pytest.raises(ValueError, match='hidden must be'):
        ReIDMetric(hidden='drop')


def test_embeddings_may_weigh_as_much_as_they_are_visible():
    # By its first part the match comes first, by its second the other person.
    query, other = torch.tensor([[1.0, 0.0]] * 2), torch.tensor([[-1.0, 0.0], [1.0, 0.0]])
    names = ('part_1', 'part_2')
    for score, rank_1 in (([0.9, 0.4], 100), ([0.4, 0.9], 0)):
        samples = [
            sample(1, 0, True, query, names=names),
            sample(2, 1, False, other, names=names),
            sample(1, 1, False, -other, names=names),
        ]
        with pytest.raises(ValueError, match='graded matching needs the visibility_score'):
            evaluate(ReIDMetric('parts', graded=True), samples)
        for one in samples:
            one.visibility_score = torch.tensor(score)
        metric = ReIDMetric('parts', graded=True)
        assert evaluate(metric, samples)['reid/Rank-1'] == rank_1
        # Distances 2 and 0 of the first and the second part, at weights of s².
        first, second = (x * x for x in score)
        gallery = metric.rank_lists[0]['gallery']
        distance = sorted(2 * x / (first + second) for x in (first, second))
        assert [image['distance'] for image in gallery] == pytest.approx(distance)


def test_table_reports_each_part_and_each_combination():
    samples = random_samples()
    metrics = evaluate(ReIDMetric(table=True), samples)
    rows = ['part_1', 'part_2', 'part_3', 'G', 'F', 'P', 'G+F', 'F+P', 'G+F+P']
    assert [key.split('/')[1] for key in metrics if key.count('/') == 2][::5] == rows
    assert metrics['reid/G+F/mAP'] == pytest.approx(direct_scores(samples, [0, 1])['mAP'])
    assert metrics['reid/part_3/Rank-1'] == pytest.approx(direct_scores(samples, [4])['Rank-1'])
    assert metrics['reid/F+P/mINP'] == metrics['reid/mINP']


def test_table_of_eight_parts_has_legs_and_feet_in_pairs():
    samples = random_samples(tuple(f'part_{k}' for k in range(1, 9)))
    metrics = evaluate(ReIDMetric('parts', table=True), samples)
    pair = evaluate(ReIDMetric(('part_5', 'part_6')), samples)
    assert metrics['reid/k=5+6/mAP'] == pair['reid/mAP'] and 'reid/k=7+8/mAP' in metrics


def test_table_of_a_stripe_model_holds_stripes_only():
    metrics = evaluate(ReIDMetric('parts', table=True), random_samples(('stripe_1', 'stripe_2')))
    rows = {key.split('/')[1] for key in metrics if key.count('/') == 2}
    assert rows == {'stripe_1', 'stripe_2', 'P'}


def test_rank_lists_hold_evenly_spaced_queries_without_junk():
    metric = ReIDMetric(num_rank_lists=3, rank_list_length=5)
    samples = random_samples()
    evaluate(metric, samples)
    queries = [samples[i].img_path for i in (0, 2, 5)]  # 2.5 rounds to even
    assert [rank_list['query']['img_path'] for rank_list in metric.rank_lists] == queries
    for rank_list in metric.rank_lists:
        query, gallery = rank_list['query'], rank_list['gallery']
        assert rank_list['embedding_names'] == DROP_NAMES and len(gallery) == 5
        assert [g['distance'] for g in gallery] == sorted(g['distance'] for g in gallery)
        assert all(g['match'] == (g['pid'] == query['pid']) for g in gallery)
        assert not any(g['match'] and g['camid'] == query['camid'] for g in gallery)


def test_rank_lists_of_a_small_gallery_are_short():
    towards = torch.ones(5, 2)
    samples = [sample(1, 0, True, towards), sample(1, 0, False, towards)]
    samples += [sample(1, 1, False, towards), sample(2, 1, False, -towards)]
    metric = ReIDMetric()
    evaluate(metric, samples)
    (rank_list,) = metric.rank_lists
    assert [(g['match'], g['distance']) for g in rank_list['gallery']] == [(True, 0), (False, 2)]


def test_process_keeps_small_float32_copies():
    batch = torch.randn(64, 5, 4, dtype=torch.float16)
    metric = ReIDMetric()
    metric.process({}, [sample(1, 0, True, batch[0]).to_dict()])
    embeddings = metric.results[0]['embeddings']
    assert embeddings.dtype == torch.float32
    assert embeddings.untyped_storage().nbytes() == 5 * 4 * 4


@pytest.mark.parametrize(('is_query', 'absent'), [(True, 'gallery'), (False, 'query')])
def test_a_test_set_needs_query_and_gallery(is_query, absent):
    with pytest.raises(ValueError, match=f'no {absent} image'):
        evaluate(ReIDMetric(), [sample(1, 0, is_query, torch.ones(5, 2))])


def test_an_embedding_the_model_lacks_is_named_with_the_config_key():
    samples = random_samples(('global',))
    with pytest.raises(ValueError, match=r"'foreground', only \['global'\]: set"):
        evaluate(ReIDMetric(), samples)
    assert evaluate(ReIDMetric('global'), samples)['reid/mAP'] > 0


def test_squared_distances_weigh_a_part_that_differs_much():
    query, right_angle = torch.tensor([[1.0, 0.0]] * 2), torch.tensor([[0.0, 1.0]] * 2)
    half = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    names = ('part_1', 'part_2')
    samples = [
        sample(1, 0, True, query, names=names),
        sample(1, 1, False, right_angle, names=names),
        sample(2, 1, False, half, names=names),
        sample(3, 1, False, torch.tensor([[0.0, 1.0], [1.0, 0.0]]), names=names),
    ]
    # the match at √2 in both parts, the second image at 0 and 2, the third at √2 and 0:
    # means √2, 1 and √2/2, of squares 2, 2 and 1
    for squared, order, distance in (
        (False, [3, 2, 1], [2**-0.5, 1, 2**0.5]),
        (True, [3, 1, 2], [1, 2, 2]),  # the first of equals
    ):
        metric = ReIDMetric('parts', squared=squared, verification=True)
        evaluate(metric, samples)
        gallery = metric.rank_lists[0]['gallery']
        assert [image['pid'] for image in gallery] == order
        assert [image['distance'] for image in gallery] == pytest.approx(distance, abs=1e-6)
    with pytest.raises(ValueError, match='squared=False'):
        ReIDMetric(squared=True, rerank=True)


@pytest.mark.parametrize(
    'arguments',
    [
        dict(embeddings=('fg',)),
        dict(embeddings=()),
        dict(topk=(0,)),
        dict(num_rank_lists=-1),
        dict(rank_list_length=0),
    ],
)
def test_arguments_out_of_range_are_refused(arguments):
    with pytest.raises(ValueError, match=next(iter(arguments))):
        ReIDMetric(**arguments)


def test_a_single_rank_may_be_reported():
    assert ReIDMetric(topk=3).topk == (3,)


def test_verification_of_a_hand_made_test_set():
    def towards(degrees):
        angle = torch.tensor(degrees).deg2rad()
        return torch.stack([angle.cos(), angle.sin()]).expand(5, 2)

    samples = [
        sample(1, 0, True, towards(0.0)),
        sample(2, 0, True, towards(120.0)),
        sample(1, 1, False, towards(-30.0)),
        sample(2, 1, False, towards(-150.0)),
    ]
    options = dict(fpr=(0.1, 0.5), fpir=(0.1, 0.9))
    metrics = evaluate(ReIDMetric(verification=options), samples)
    # Genuine pairs are 30° and 90° apart, impostors 150° both.
    expected = {'TPR@FPR=0.1': 100, 'TPR@FPR=0.5': 100, 'EER': 0, 'TPIR@FPIR=0.1': 100}
    for name, value in expected.items():
        assert metrics[f'reid/verification/{name}'] == pytest.approx(value)


def test_verification_is_of_the_embeddings_that_are_matched():
    samples = random_samples()
    both = evaluate(ReIDMetric(verification=True), samples)
    single = evaluate(ReIDMetric('part_2', verification=True), samples)
    names = [name for name in both if '/verification/' in name]
    assert len(names) == 6 and any(both[name] != single[name] for name in names)
    plain = evaluate(ReIDMetric(), samples)
    assert plain == {name: value for name, value in both.items() if name not in names}


@pytest.mark.parametrize('options', [dict(fpr=(0.1, 1.0)), dict(rates=(0.1,)), dict(fpir=[0])])
def test_verification_of_wrong_rates_is_refused(options):
    with pytest.raises(ValueError, match='fpr and fpir, lists of rates between 0 and 1'):
        ReIDMetric(verification=options)
