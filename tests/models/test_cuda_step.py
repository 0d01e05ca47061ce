"""Training and test steps on made-up CUDA tensors: shapes, types and devices, but no values.

They need no GPU. An operation fails that mixes devices, and so does one that reads a value back,
for which the processor would have to wait until the GPU is done.
"""

from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch._subclasses.fake_tensor import FakeTensorMode

from mmdrop.registry import MODELS
from mmdrop.structures import ReIDDataSample

CONFIGS = Path(__file__).parents[2] / 'configs'
RECIPES = (
    'drop_hrnet32_occduke',
    'drop_resnet50_occduke',
    'drop_efficientnetlite0_market1501',
    'study/coupled',
    'study/global_only',
    'study/pct_visible',
    'study/pct_batch_anchors',
)


def build_on_cuda(cfg, mode):
    for part in cfg.model.values():
        if isinstance(part, dict):
            part.pop('init_cfg', None)  # no file of weights is needed
    model = MODELS.build(cfg.model)
    with mode:
        for module in model.modules():
            for name, parameter in module._parameters.items():
                if parameter is not None:
                    module._parameters[name] = torch.nn.Parameter(move(parameter))
            for name, buffer in module._buffers.items():
                if buffer is not None:
                    module._buffers[name] = move(buffer)
    return model


def move(tensor):
    return torch.empty(tensor.shape, dtype=tensor.dtype, device='cuda')


def make_batch(cfg):
    samples = [ReIDDataSample(gt_label=i // 4) for i in range(8)]
    if cfg.model.get('parsing_head'):
        for sample in samples:
            sample.gt_sem_seg = torch.empty(256, 128, dtype=torch.uint8, device='cuda')
            sample.set_metainfo(dict(num_parts=cfg.model.parsing_head.num_parts))
    return torch.empty(8, 3, 256, 128, device='cuda'), samples


@pytest.fixture
def unpinned(monkeypatch):
    # The only operation of a step that made-up tensors do not know.
    monkeypatch.setattr(torch.Tensor, 'pin_memory', lambda self: self)
    init_default_scope('mmdrop')


@contextmanager
def autocast(enabled):
    # torch.autocast switches itself off where there is no GPU.
    torch.set_autocast_dtype('cuda', torch.float16)
    torch.set_autocast_enabled('cuda', enabled)
    yield
    torch.set_autocast_enabled('cuda', False)
    torch.clear_autocast_cache()


@pytest.mark.usefixtures('unpinned')
@pytest.mark.parametrize('amp', [False, True])
@pytest.mark.parametrize('recipe', RECIPES)
def test_steps_stay_on_the_gpu(recipe, amp):
    cfg = Config.fromfile(CONFIGS / f'{recipe}.py')
    mode = FakeTensorMode()
    model = build_on_cuda(cfg, mode)
    with mode, autocast(amp):
        inputs, samples = make_batch(cfg)
        assert model.backbone(inputs)[-1].dtype == (torch.float16 if amp else torch.float32)
        for _ in range(2):  # the memory bank holds rows from the second one on
            losses = model(inputs, samples, mode='loss')
        predictions = model.eval()(inputs)
    assert {value.device.type for value in (*losses.values(), *predictions)} == {'cuda'}
    assert {value.dtype for value in losses.values()} == {torch.float32}


@pytest.mark.usefixtures('unpinned')
def test_reading_a_value_back_is_noticed():
    with FakeTensorMode(), pytest.raises(RuntimeError):
        torch.empty(2, device='cuda').sum().item()
