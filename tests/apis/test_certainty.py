"""How sure a match is: evidence by hand, thresholds, calibration of a model, verdicts."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config

from mmdrop.apis import (
    Certainty,
    EmbeddingSet,
    ReIDInferencer,
    calibrate,
    calibrate_model,
    pack_model,
)
from mmdrop.apis import calibrating as module
from mmdrop.apis.calibrating import LabelledSet
from mmdrop.apis.certainty import find_rates
from mmdrop.apis.verdict import fuse
from mmdrop.datasets import SyntheticReID
from mmdrop.functional import measure_reliability

ROOT = Path(__file__).parents[2]
NAMES = ('global', 'foreground', 'part_1')
CERTAINTY = Certainty(
    embeddings=('foreground', 'part_1'),
    bias=(4.0, 1.0),
    slope=(-4.0, -2.0),
    rates=(0.1, 0.01, 0.001),
    log_odds=(0.5, 2.0, 4.0),
    fitted_on={'rendered': '2 people'},
)


def one(degrees, visible, scores=None, names=None):
    """Images of three embeddings at angles to 0°."""
    radians = torch.deg2rad(torch.tensor(degrees, dtype=torch.float32))
    return EmbeddingSet(
        names=names or [f'{i}.jpg' for i in range(len(degrees))],
        embeddings=3 * torch.stack([radians.cos(), radians.sin()], 2),
        visibility=torch.tensor(visible),
        embedding_names=NAMES,
        visibility_score=None if scores is None else torch.tensor(scores),
    )


def test_evidence_by_hand():
    a = one([[0, 0, 0]], [[True, True, True]])
    b = one([[90, 60, 180], [0, 0, 0], [0, 60, 0]], [[True] * 3, [True] * 3, [True, True, False]])
    found = CERTAINTY.compare_all(a, b)
    # 60° is a distance of 1, 180° of 2; the global embedding is not compared
    torch.testing.assert_close(found.distance, torch.tensor([[[1.0, 2], [0, 0], [1, 0]]]))
    expected = [[[0.0, -3.0], [4.0, 1.0], [0.0, 0.0]]]
    torch.testing.assert_close(found.log_odds, torch.tensor(expected, dtype=torch.float64))
    sigmoid = [1 / (1 + math.exp(-x)) for x in (-3, 5, 0)]
    torch.testing.assert_close(found.probability()[0], torch.tensor(sigmoid, dtype=torch.float64))
    # one of ten: log odds of 1/9 more
    value = 1 / (1 + 9 * math.exp(-5))
    assert found.probability(0.1)[0, 1].item() == pytest.approx(value)
    row = CERTAINTY.compare(a, one([[90, 60, 180]], [[True] * 3]))
    torch.testing.assert_close(row.log_odds, found.log_odds[:, 0])
    with pytest.raises(ValueError, match='prior is between 0 and 1, got 1'):
        found.probability(1)


def test_thresholds_are_interpolated_over_the_logarithm_of_the_rate():
    assert [CERTAINTY.threshold(rate) for rate in (0.1, 0.01, 0.001)] == [0.5, 2.0, 4.0]
    assert CERTAINTY.threshold(10**-2.5) == pytest.approx(3.0)
    for rate in (0.2, 1e-4):
        with pytest.raises(
            ValueError, match=r'was not measured for this model, but 0\.001 to 0\.1'
        ):
            CERTAINTY.threshold(rate)


def test_rates_by_hand():
    impostors = torch.arange(1000.0)[torch.randperm(1000)]
    rates, log_odds = find_rates(impostors, (0.5, 0.01, 0.001))
    # Ten of 1000 lie above 989; 0.001 would be decided by one.
    assert rates == (0.5, 0.01) and log_odds == (499.0, 989.0)
    assert (impostors > 989).sum() == 10


def random_set(seed, number=60, people=9):
    generator = torch.Generator().manual_seed(seed)
    pids = torch.randint(-1, people, (number,), generator=generator)
    centres = torch.randn(people + 2, 3, 8, generator=torch.Generator().manual_seed(99))
    noise = torch.randn(number, 3, 8, generator=generator)
    embedded = EmbeddingSet(
        names=[str(i) for i in range(number)],
        embeddings=centres[pids + 1] + 0.7 * noise,
        visibility=torch.rand(number, 3, generator=generator) < 0.8,
        embedding_names=NAMES,
    )
    camids = torch.randint(-1, 3, (number,), generator=generator)
    return LabelledSet(embedded, pids, camids, torch.arange(number) % 3 == 0)


@pytest.mark.parametrize('seed', range(3))
def test_pairs_are_those_of_the_protocol(seed):
    labelled = random_set(seed)
    expected = {}
    for i in labelled.is_query.nonzero()[:, 0].tolist():
        for j in (~labelled.is_query).nonzero()[:, 0].tolist():
            pid, camid = labelled.pids[i], labelled.camids[i]
            same = bool(pid == labelled.pids[j])
            if labelled.pids[j] == -1 or (same and camid == labelled.camids[j] != -1):
                continue
            expected[i, j] = same
    query, gallery, truth = labelled.pairs()
    pairs = zip(query.tolist(), gallery.tolist(), strict=True)
    assert dict(zip(pairs, truth.tolist(), strict=True)) == expected


def test_of_many_impostors_some_are_drawn(monkeypatch):
    monkeypatch.setattr(module, '_MOST_IMPOSTORS', 100)
    query, gallery, truth = random_set(0).pairs()
    assert (~truth).sum() == 100
    assert len({*zip(query.tolist(), gallery.tolist(), strict=True)}) == len(query)


def test_a_calibration_holds_for_other_pairs_of_the_kind():
    sets = {'a': random_set(1, 300), 'b': random_set(2, 300)}
    certainty = calibrate(sets, ('foreground', 'parts'))
    assert certainty.embeddings == ('foreground', 'part_1')
    assert certainty.fitted_on['a'].startswith('9 people, ')
    other = random_set(3, 300)
    query, gallery, truth = other.pairs()
    rows = [EmbeddingSet.from_result(pick(other.embedded, index)) for index in (query, gallery)]
    evidence = certainty.compare(*rows)
    reliability = measure_reliability(evidence.probability(), truth)
    assert reliability.error < 0.05
    total = evidence.log_odds.sum(1)
    for rate in (0.1, 0.03):
        assert (total[~truth] > certainty.threshold(rate)).float().mean() < 1.5 * rate


def pick(embedded, index):
    return dict(
        names=[embedded.names[i] for i in index],
        embeddings=embedded.embeddings[index],
        visibility=embedded.visibility[index],
        embedding_names=embedded.embedding_names,
    )


def test_a_calibration_is_plain_values():
    again = Certainty.from_dict(json.loads(json.dumps(CERTAINTY.to_dict())))
    assert again == CERTAINTY
    for wrong in ({}, CERTAINTY.to_dict() | dict(bias=[1.0]), CERTAINTY.to_dict() | dict(more=1)):
        with pytest.raises(ValueError, match='not a calibration'):
            Certainty.from_dict(wrong)


def test_people_are_fused_part_by_part():
    visible = [[True, True, False], [True, True, True], [True, False, False]]
    scores = [[1.0, 0.25, 0.1], [1.0, 0.75, 0.6], [1.0, 0.9, 0.2]]
    fused = fuse(one([[0, 0, 0], [90, 90, 90], [0, 0, 0]], visible, scores))
    assert fused.visibility.tolist() == [[True, True, True]]
    torch.testing.assert_close(fused.visibility_score, torch.tensor([[1.0, 0.9, 0.6]]))
    # global: a mean of three; foreground: of the two that show it, by their scores; part_1: one
    expected = torch.tensor([[[2 / 3, 1 / 3], [0.25, 0.75], [0.0, 1.0]]])
    torch.testing.assert_close(fused.embeddings, expected, rtol=0, atol=1e-6)
    same = one([[10, 20, 30]], [[True, False, True]])
    assert fuse(same) is same
    with pytest.raises(ValueError, match='no image'):
        fuse(EmbeddingSet([], torch.zeros(0, 3, 2), torch.zeros(0, 3, dtype=torch.bool), NAMES))


@pytest.fixture(scope='module')
def people():
    dataset = SyntheticReID('test', num_identities=3, images_per_identity=6, num_distractors=0)
    images = [dataset[i] for i in range(18)]
    pids = sorted({image['pid'] for image in images})
    return [[image['img'] for image in images if image['pid'] == pid] for pid in pids]


@pytest.fixture(scope='module')
def sure(tmp_path_factory):
    """An inferencer of a model file that says how sure it may be."""
    folder = tmp_path_factory.mktemp('sure')
    options = 'calibration_dataloaders.rendered.dataset.num_identities=30'
    tool = ROOT / 'tools/zoo/calibrate_model.py'
    out = folder / 'calibration.json'
    done = subprocess.run(
        [sys.executable, tool, 'drop_demo', 'zoo://drop_demo', out, '--cfg-options', options],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert 'rendered: 30 people' in done.stdout and 'false matches' in done.stdout
    certainty = Certainty.from_dict(json.loads(out.read_text()))
    pack_model('drop_demo', 'zoo://drop_demo', folder / 'sure.safetensors', calibration=certainty)
    inferencer = ReIDInferencer(folder / 'sure.safetensors', device='cpu')
    assert inferencer.certainty == certainty
    return inferencer


def test_a_model_says_whether_two_images_show_one_person(sure, people):
    first, second, _ = people
    verdict = sure.verify(first[0], first[0], false_match_rate=0.01)
    assert verdict.same and verdict.probability > 0.9 and verdict.distance < 1e-3
    assert verdict.log_odds == pytest.approx(sum(part.log_odds for part in verdict.parts))
    text = str(verdict)
    assert (
        text.startswith(f'one person: P = {verdict.probability:.3f}, log odds')
        and 'foreground' in text
    )
    other = sure.verify(first[0], second[0])
    assert not other.same and other.probability < 0.5
    assert str(other).startswith('not shown to be one person')
    embedded = [sure(images) for images in (first[:1], second[:1])]
    assert sure.verify(*embedded) == other


def test_several_images_of_a_person_are_fused(sure, people):
    first, second, _ = people
    fused = sure.verify(first[:3], first[3:])
    single = [sure.verify(a, b).log_odds for a in first[:3] for b in first[3:]]
    assert fused.log_odds > np.median(single)
    assert sure.verify(first[:3], second[:3]).log_odds < fused.log_odds


def test_what_is_hidden_is_no_evidence(sure, people):
    a, b = (sure.embed(images[:1]) for images in people[:2])
    a.visibility[0, 2:], b.visibility[0, 2:] = False, False
    verdict = sure.verify(a, b)
    assert [part.distance is None for part in verdict.parts] == [False] + [True] * 5
    assert verdict.log_odds == verdict.parts[0].log_odds
    assert 'first and second' in str(verdict)


def test_a_model_without_calibration_says_so(people):
    plain = ReIDInferencer(Config.fromfile(ROOT / 'configs/drop_demo.py'), 'zoo://drop_demo')
    assert plain.certainty is None
    with pytest.raises(ValueError, match='nobody measured how sure drop_demo'):
        plain.verify(people[0][0], people[0][1])
    with pytest.raises(ValueError, match='has no calibration_dataloaders'):
        calibrate_model(Config(dict(model=dict(type='DROP'))))
