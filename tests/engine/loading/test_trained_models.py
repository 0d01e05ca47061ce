import pytest
import torch
from mmengine.config import Config
from mmengine.runner.checkpoint import CheckpointLoader

from mmdrop.apis import ReIDInferencer
from mmdrop.engine import is_packed, load_trained_model, read_config
from mmdrop.zoo import find_model


def test_names_of_the_zoo_and_model_files_need_no_checkpoint(tmp_path, monkeypatch):
    assert is_packed('drop_demo') and is_packed(tmp_path / 'mine.safetensors')
    assert not is_packed('drop_hrnet32_occduke') and not is_packed('configs/drop_demo.py')
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'drop_demo').touch()  # a file is meant where there is one of that name
    assert not is_packed('drop_demo')


def test_a_zoo_model_is_one_by_name_by_file_and_by_config_with_its_weights():
    models = [
        load_trained_model(*source).model
        for source in (
            ('drop_demo',),
            (find_model('drop_demo').file,),
            (read_config('drop_demo'), 'zoo://drop_demo'),
        )
    ]
    states = [
        {k: v for k, v in model.state_dict().items() if 'necks' not in k or 'norm' in k}
        for model in models
    ]
    states = [{k: v for k, v in s.items() if 'tracked' not in k} for s in states]
    for state in states[1:]:
        torch.testing.assert_close(state, states[0], rtol=0, atol=0)


def test_a_config_without_weights_is_random_and_one_with_a_pipeline_of_files():
    trained = load_trained_model(read_config('drop_demo'))
    assert isinstance(trained.config, Config)
    steps = [type(step).__name__ for step in trained.file_pipeline.transforms]
    assert steps == ['LoadImage', 'Resize', 'PackReIDInputs']
    assert [type(step).__name__ for step in trained.array_pipeline.transforms] == steps[1:]


def test_an_unknown_model_is_named_beside_configs_and_zoo():
    with pytest.raises(FileNotFoundError, match=r'drop_demp: neither a config.*did you mean drop'):
        ReIDInferencer('drop_demp')


def test_weights_of_the_zoo_are_a_checkpoint_in_single_precision():
    state = CheckpointLoader.load_checkpoint('zoo://drop_demo')['state_dict']
    assert {value.dtype for value in state.values()} == {torch.float}
    with pytest.raises(ValueError, match='no model of the zoo'):
        CheckpointLoader.load_checkpoint('zoo://nothing')
