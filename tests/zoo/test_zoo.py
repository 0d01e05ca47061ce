import hashlib

import pytest
import torch
from torch import nn

from mmdrop.zoo import find_model, fuse_norms, get_model, index, list_models
from mmdrop.zoo.model_file import SUFFIX

MODELS = list_models()
every_model = pytest.mark.parametrize('model', MODELS, ids=lambda model: model.name)


def images(model, number=3):
    height, width = map(int, model.input_size.split('×'))
    return torch.rand(number, 3, height, width, generator=torch.Generator().manual_seed(0))


@every_model
def test_a_model_is_in_the_package_whole_and_small(model):
    content = model.file.read_bytes()
    assert hashlib.sha256(content).hexdigest() == model.sha256
    assert len(content) == model.size <= 9e6
    known = {other.file.name for other in MODELS}
    assert {file.name for file in model.file.parent.iterdir()} == known


@every_model
def test_a_model_is_what_the_metafile_says(model):
    info = model.open().info
    assert info.name == model.name and model.terms == info.terms != ''
    assert tuple(info.training_sets) == model.training_sets
    assert f'{info.input_size[0]}×{info.input_size[1]}' == model.input_size
    with torch.no_grad():
        embeddings, visibility, _ = get_model(model.name)(images(model), mode='tensor')
    number, channels = map(int, model.embeddings.split(' × '))
    assert embeddings.shape == (3, number, channels) and visibility.shape == (3, number)
    assert len(info.embedding_names) == number and embeddings.isfinite().all()


@every_model
def test_what_only_training_reads_is_left_out(model):
    words = {word for name in model.open().weights for word in name.split('.')}
    assert not words & {'bank', 'global_bank', 'foreground_bank', 'module'}
    assert not [n for n in model.open().weights if '.necks.' in n and 'classifier' in n]


@every_model
def test_a_model_with_fused_norms_computes_the_same(model):
    plain, fused = get_model(model.name), get_model(model.name, fuse=True)
    norms = (nn.BatchNorm1d, nn.BatchNorm2d)
    left = [sum(isinstance(m, norms) for m in network.modules()) for network in (plain, fused)]
    assert left[1] < left[0] / 2
    with torch.no_grad():
        expected, found = (network(images(model), mode='tensor')[0] for network in (plain, fused))
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_norms_of_other_layers_are_left_alone():
    model = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.BatchNorm2d(4), nn.Linear(4, 5))
    model.append(nn.BatchNorm1d(6))  # not of the five channels before it
    fuse_norms(model.eval())
    assert [type(layer).__name__ for layer in model][2:] == ['BatchNorm2d', 'Linear', 'BatchNorm1d']


def test_models_are_listed_as_a_table():
    text = str(MODELS)
    assert 'drop_demo' in text and 'Rendered pedestrians' in text and 'R1 / mAP' in text
    assert len(text.splitlines()) == 1 + sum(max(1, len(model.results)) for model in MODELS)


def test_an_unknown_name_is_answered_with_those_that_there_are():
    with pytest.raises(ValueError, match=r'drop_demp: no model of the zoo, which has .*drop_demo'):
        get_model('drop_demp')
    with pytest.raises(ValueError, match='did you mean drop_demo'):
        find_model('drop_demp')
    with pytest.raises(FileNotFoundError, match=r'mine\.safetensors'):
        get_model(f'mine{SUFFIX}')


def test_a_file_that_is_missing_in_an_installation_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(index, 'ROOT', tmp_path)
    assert 'missing' in str(list_models())
    with pytest.raises(FileNotFoundError, match=r'drop_demo\.safetensors'):
        get_model('drop_demo')
