import os

import pytest
import torch
from mmengine.registry import DefaultScope

import mmdrop  # noqa: F401  # before mmpretrain, whose multimodal models it keeps out

# Tests are small: two threads would wait for each other longer than they work.
torch.set_num_threads(1)


def pytest_runtest_setup(item):
    if item.get_closest_marker('cuda') and not torch.cuda.is_available():
        pytest.skip('needs a GPU')


@pytest.fixture(autouse=True)
def nothing_global_is_left_behind():
    """A Runner sets the scope of registries for good, and a tool how PyTorch reads files."""
    yield
    DefaultScope._instance_dict.clear()  # MMEngine has no public way back
    os.environ.pop('TORCH_FORCE_WEIGHTS_ONLY_LOAD', None)
