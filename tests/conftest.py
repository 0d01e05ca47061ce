import pytest
import torch

# Tests are small: two threads would wait for each other longer than they work.
torch.set_num_threads(1)


def pytest_runtest_setup(item):
    if item.get_closest_marker('cuda') and not torch.cuda.is_available():
        pytest.skip('needs a GPU')
