import pytest
import torch
from mmengine.config import Config
from safetensors import safe_open

from mmdrop.apis import ReIDInferencer, pack_model
from mmdrop.datasets import SyntheticReID
from mmdrop.engine import read_config
from mmdrop.functional import evaluate_ranking
from mmdrop.registry import MODELS
from mmdrop.structures import find_embeddings
from mmdrop.zoo import full_precision, open_model


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    """As training writes one: the shipped demo with digits that half precision has not."""
    state = MODELS.build(read_config('drop_demo').model).state_dict()
    generator = torch.Generator().manual_seed(0)
    for key, value in full_precision(open_model('drop_demo').weights).items():
        state[key] = value * (1 + 3e-4 * torch.rand(value.shape, generator=generator))
    path = tmp_path_factory.mktemp('packing') / 'epoch_12.pth'
    optimizer = dict(state={0: dict(exp_avg=torch.ones(9))}, param_groups=[])
    torch.save(dict(state_dict=state, optimizer=optimizer, meta=dict(epoch=12)), path)
    return path


@pytest.fixture(scope='module')
def packed(checkpoint):
    return pack_model(
        'drop_demo', checkpoint, checkpoint.with_name('mine.safetensors'), 'mine', ['A set'], 'none'
    )


def scores(inferencer):
    people = SyntheticReID('test', num_identities=40, images_per_identity=4, num_distractors=0)
    samples = [people[i] for i in range(len(people))]
    result = inferencer([sample['img'] for sample in samples])
    keep = find_embeddings(('foreground', 'parts'), result['embedding_names'])
    query = torch.tensor([sample['is_query'] for sample in samples])
    inputs = {}
    for side, rows in (('query', query), ('gallery', ~query)):
        inputs[side] = result['embeddings'][rows][:, keep]
        inputs[f'{side}_visibility'] = result['visibility'][rows][:, keep]
        for key in ('pid', 'camid'):
            values = torch.tensor([sample[key] for sample in samples])
            inputs[f'{side}_{key}s'] = values[rows]
    return evaluate_ranking(**inputs)


def test_a_packed_model_scores_as_its_checkpoint(checkpoint, packed):
    before = scores(ReIDInferencer('drop_demo', checkpoint, device='cpu'))
    after = scores(ReIDInferencer(packed.file, device='cpu'))
    assert before['mAP'] > 20
    assert after == pytest.approx(before, abs=0.1)
    assert 0 < packed.change < 0.02 and packed.agreement > 0.99


def test_the_file_is_half_as_large_and_holds_nothing_of_the_training(checkpoint, packed):
    with safe_open(packed.file, 'pt') as file:
        kinds = {key: file.get_tensor(key).dtype for key in file.keys()}  # noqa: SIM118
    necks = [key for key in kinds if '.necks.' in key]
    assert necks and all('.norm.' in key for key in necks)  # their classifiers are for training
    assert not [key for key in kinds if 'optimizer' in key or 'bank' in key]
    single = [key for key, kind in kinds.items() if kind != torch.half]
    assert all(key.endswith(('running_mean', 'running_var')) for key in single)
    assert packed.size == packed.file.stat().st_size < 0.52 * checkpoint.stat().st_size
    assert packed.sha256 in str(packed)


def test_the_file_says_what_the_model_is(packed):
    info = packed.info
    assert (info.name, info.training_sets, info.terms) == ('mine', ['A set'], 'none')
    assert (info.groups, len(info.parts), info.input_size) == ('five_v', 5, [128, 64])
    assert info.embedding_names[:2] == ['global', 'foreground'] and info.channels == 128
    assert info.mean == pytest.approx([123.675, 116.28, 103.53])
    assert info.config['test_evaluator']['embeddings'] == ['foreground', 'parts']
    assert info.config['model']['reid_head']['num_classes'] == 1


def test_how_a_recipe_matches_is_kept(checkpoint, tmp_path):
    cfg = read_config('drop_demo')
    cfg.test_evaluator.update(embeddings='parts', hidden=0.9, graded=True)
    pack_model(cfg, checkpoint, tmp_path / 'graded.safetensors')
    people = SyntheticReID('test', num_identities=2, num_distractors=0)
    images = [people[i]['img'] for i in range(8)]
    found, expected = (
        inferencer.rank(images[:2], images, topk=8)[1]
        for inferencer in (
            ReIDInferencer(tmp_path / 'graded.safetensors', device='cpu'),
            ReIDInferencer(cfg, checkpoint, device='cpu'),
        )
    )
    torch.testing.assert_close(found, expected, atol=0.02, rtol=0)
    plain = ReIDInferencer('drop_demo', checkpoint, device='cpu').rank(images[:2], images, topk=8)
    assert (plain[1] - expected).abs().max() > 0.02


def test_a_model_that_half_precision_spoils_is_not_written(checkpoint, tmp_path, monkeypatch):
    monkeypatch.setattr('mmdrop.apis.packing._LARGEST_CHANGE', 1e-9)
    with pytest.raises(ValueError, match=r'was not written: in half precision'):
        pack_model('drop_demo', checkpoint, tmp_path / 'spoilt.safetensors')
    assert not list(tmp_path.iterdir())


def test_a_wrong_suffix_and_an_unregistered_class_are_refused(checkpoint, tmp_path):
    with pytest.raises(ValueError, match=r'named ….safetensors, got .*mine\.pth'):
        pack_model('drop_demo', checkpoint, tmp_path / 'mine.pth')
    cfg = Config(read_config('drop_demo').to_dict())
    cfg.test_pipeline.insert(1, dict(type=Unregistered))
    with pytest.raises(ValueError, match='names registered modules alone'):
        pack_model(cfg, checkpoint, tmp_path / 'mine.safetensors')


class Unregistered:
    def __call__(self, results):
        return results
