import mmengine.runner.runner
import pytest


@pytest.fixture(scope='module', autouse=True)
def no_report_of_the_machine():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mmengine.runner.runner, 'collect_env', dict)  # takes seconds
        yield
