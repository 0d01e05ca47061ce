import itertools

import pytest
from kills import count_events, in_child, kill_at
from quick_runs import runner, state


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """State and events of a run that nobody kills."""
    folder = tmp_path_factory.mktemp('whole')
    runner(tmp_path_factory.mktemp('first'), max_epochs=1).train()  # children inherit its imports

    def run():
        with open(folder / 'events', 'w') as file:
            count_events(lambda *event: print(*event[:3], sep='\t', file=file))
            runner(folder).train()

    assert in_child(run) == 0
    lines = (folder / 'events').read_text().splitlines()
    return state(folder), [(int(n), kind, path) for n, kind, path in map(str.split, lines)]


def moments(events):
    """Every event that changes a folder; of the writes into one file the one in the middle."""
    for (kind, _), group in itertools.groupby(events, key=lambda event: event[1:]):
        numbers = [number for number, *_ in group]
        if kind != 'fsync':  # for a kill, which is no power cut, it changes nothing
            yield numbers[len(numbers) // 2]


def test_a_run_leaves_its_last_and_its_best_checkpoint(whole):
    assert whole[0] == whole[0] | dict(
        files=['best_reid_mAP_epoch_2.pth', 'epoch_2.pth'],
        marked='epoch_2.pth',
        scores=[10.0, 30.0],
        best=(30.0, 'best_reid_mAP_epoch_2.pth'),
        best_weights=6.0,
    )


@pytest.mark.slow
def test_a_run_killed_at_any_moment_of_its_saving_resumes_to_the_same_end(whole, tmp_path):
    expected, events = whole
    kinds = {kind for _, kind, _ in events}
    assert kinds >= {'open', 'write', 'fsync', 'replace', 'remove'}
    for number in moments(events):
        folder = tmp_path / str(number)

        def killed(number=number, folder=folder):
            kill_at(number)
            runner(folder).train()

        assert in_child(killed) == -9
        assert in_child(lambda folder=folder: runner(folder, resume=True).train()) == 0
        assert state(folder) == expected, events[number - 1]
