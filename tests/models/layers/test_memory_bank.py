import torch

from mmdrop.models import PartMemoryBank


def batch(value, rows=2):
    embeddings = torch.full((rows, 3, 4), float(value), requires_grad=True)
    pids = torch.full((rows,), value)
    return embeddings, pids, torch.ones(rows, 3, dtype=torch.bool)


def test_the_bank_fills_gradually_and_drops_the_oldest_batch():
    bank = PartMemoryBank(num_batches=3)
    contents = []
    for value in range(5):
        _, pids, _, num_current = bank(*batch(value))
        assert num_current == 2
        contents.append(pids[::2].tolist())
    assert contents == [[0], [1, 0], [2, 1, 0], [3, 2, 1], [4, 3, 2]]


def test_current_rows_keep_their_gradient_and_old_rows_do_not():
    bank = PartMemoryBank(num_batches=2)
    old, new = batch(1), batch(2)
    bank(*old)
    rows, _, _, num_current = bank(*new)
    rows.sum().backward()
    assert old[0].grad is None
    assert new[0].grad.eq(1).all() and num_current == 2 and len(rows) == 4


def test_a_bank_of_one_batch_keeps_nothing():
    bank = PartMemoryBank(num_batches=1)
    bank(*batch(1))
    assert bank(*batch(2))[1].tolist() == [2, 2]


def test_evaluation_does_not_change_the_bank():
    bank = PartMemoryBank(num_batches=2)
    bank(*batch(1))
    bank.eval()(*batch(2))
    assert bank.pids.tolist() == [1, 1]


def test_rows_travel_in_the_checkpoint_into_an_empty_bank():
    bank, other = PartMemoryBank(num_batches=4), PartMemoryBank(num_batches=4)
    for value in range(3):
        bank(*batch(value))
    other.load_state_dict(bank.state_dict())
    assert other.pids.tolist() == bank.pids.tolist() == [2, 2, 1, 1, 0, 0]
    torch.testing.assert_close(other.embeddings, bank.embeddings)


def test_rows_are_kept_in_float32_under_autocast():
    bank = PartMemoryBank(num_batches=2)
    embeddings, pids, visible = batch(1)
    rows, *_ = bank(embeddings.bfloat16(), pids, visible)
    assert rows.dtype == bank.embeddings.dtype == torch.float32


def test_rows_of_a_model_with_other_parts_are_dropped():
    bank, other = PartMemoryBank(num_batches=4), PartMemoryBank(num_batches=4)
    bank(*batch(1))
    other.load_state_dict(bank.state_dict())
    _, pids, *_ = other(torch.rand(2, 5, 4), torch.tensor([7, 8]), torch.ones(2, 5).bool())
    assert pids.tolist() == other.pids.tolist() == [7, 8]
