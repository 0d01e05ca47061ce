import hashlib
import json
from dataclasses import asdict

import pytest
import torch
from safetensors.torch import load_file, save_file

from mmdrop.zoo import ModelInfo, read_model_file, to_half, write_model_file

INFO = ModelInfo(
    name='tiny',
    config=dict(model=dict(type='DROP', backbone=dict(type='mmpretrain.LeNet5')), scale=[64, 128]),
    parts=['head', 'Körper'],
    groups='',
    input_size=[128, 64],
    mean=[0.5],
    std=[],
    embedding_names=['global'],
    channels=8,
    training_sets=['Rendered pedestrians'],
    terms='Apache-2.0',
    version='0.1.0',
)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'tiny.safetensors'
    write_model_file(path, INFO, {'weight': torch.tensor([[1.0, 1 / 3]])})
    return path


def rewrite(path, **metadata):
    """The file with other metadata."""
    known = {key: json.dumps(value) for key, value in asdict(INFO).items()}
    texts = {'format': 'mmdrop-model-1'} | known | metadata
    save_file(load_file(path), path, {key: text for key, text in texts.items() if text})


def test_what_was_written_is_read(file):
    found = read_model_file(file)
    assert found.info == INFO and found.path == file
    # A half has eleven binary digits: 1/3 is 1365/4096 to the nearest of them.
    torch.testing.assert_close(
        found.weights, {'weight': torch.tensor([[1.0, 1365 / 4096]]).half()}, rtol=0, atol=0
    )


def test_half_precision_is_for_what_it_can_hold_and_not_for_statistics():
    weights = {
        'conv.weight': torch.tensor([65504.0]),  # the largest half
        'conv.bias': torch.tensor([65520.0]),  # would be infinite
        'bn.running_var': torch.tensor([1e-9]),  # would be 0
        'bn.running_mean': torch.tensor([2049.0]),  # would be 2048
        'bn.num_batches_tracked': torch.tensor(7),
        'table': torch.tensor([3]),
    }
    kinds = {key: value.dtype for key, value in to_half(weights).items()}
    assert kinds == {
        'conv.weight': torch.half,
        'conv.bias': torch.float,
        'bn.running_var': torch.float,
        'bn.running_mean': torch.float,
        'table': torch.int64,
    }


def test_the_checksum_is_that_of_the_file_and_a_changed_byte_is_noticed(tmp_path):
    path = tmp_path / 'tiny.safetensors'
    sha256 = write_model_file(path, INFO, {'weight': torch.ones(9)})
    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    read_model_file(path, sha256)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'tiny\.safetensors is damaged, install mmdrop again'):
        read_model_file(path, sha256)


def test_what_is_no_model_file_is_refused(tmp_path, file):
    with pytest.raises(FileNotFoundError, match=r'gone\.safetensors'):
        read_model_file(tmp_path / 'gone.safetensors')
    cut = tmp_path / 'cut.safetensors'
    cut.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r'cut\.safetensors cannot be read as a safetensors file'):
        read_model_file(cut)
    save_file({'weight': torch.ones(1)}, cut)
    with pytest.raises(ValueError, match=r'cut\.safetensors is no model file .*pack_model'):
        read_model_file(cut)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'parts': None}, 'metadata are not those of a model file.*parts'),
        ({'extra': '1'}, 'metadata are not those of a model file.*extra'),
        ({'parts': '[1'}, 'metadata are not those of a model file'),
        ({'format': 'mmdrop-model-9'}, "its format is 'mmdrop-model-9'"),
    ],
)
def test_other_metadata_are_refused(file, change, message):
    rewrite(file, **change)
    with pytest.raises(ValueError, match=message):
        read_model_file(file)


@pytest.mark.parametrize('kind', ['os.system', 'mmdrop.models.DROP', '', 3, ['DROP'], 'mmdet.DETR'])
def test_a_config_that_names_no_registered_module_is_refused(file, kind):
    rewrite(file, config=json.dumps(dict(model=dict(type='DROP', necks=[dict(type=kind)]))))
    with pytest.raises(ValueError, match='which is no registered module'):
        read_model_file(file)
