from dataclasses import replace
from pathlib import Path

import pytest

from mmdrop.zoo import (
    fill_card,
    find_model,
    list_models,
    pick_figures,
    read_results,
    write_results,
)

ROOT = Path(__file__).parents[2]
CARD = '# x\n<!-- facts -->\nold\n<!-- end -->\nText.\n<!-- results -->\n<!-- end -->\n'


@pytest.fixture
def demo():
    return find_model('drop_demo')


def test_results_are_written_and_read_again(tmp_path, demo):
    rows = [{'set': 'A, B', 'Rank-1': 43.21, 'mAP': 20.0, 'sha256': demo.sha256}]
    write_results(tmp_path / 'new/x.csv', rows)
    (row,) = read_results(tmp_path / 'new/x.csv')
    assert {key: row[key] for key in rows[0]} == rows[0]
    assert read_results(tmp_path / 'none.csv') == []


def test_figures_are_those_of_one_test_set():
    metrics = {'reid/mAP': 1.0, 'reid/Rank-1': 2.0, 'reid/G/mAP': 9.0, 'b/reid/mAP': 3.0, 'time': 4}
    assert pick_figures(metrics) == {'Rank-1': 2.0, 'mAP': 1.0}
    assert pick_figures(metrics, 'b') == {'mAP': 3.0}
    with pytest.raises(ValueError, match='no metric begins with c/reid/'):
        pick_figures(metrics, 'c')


def test_tables_are_written_anew_and_the_text_stays(demo):
    rows = [
        {'set': 'Rendered pedestrians', 'Rank-1': 43.21, 'mAP': 20.0, 'sha256': demo.sha256},
        {'set': 'Market-1501', 'mAP': 2.04, 'sha256': demo.sha256},
    ]
    text = fill_card(CARD, demo, rows)
    assert '| Rendered pedestrians | yes, other people of it | 43.2 | – | – | 20.0 | – |' in text
    assert '| Market-1501 | no | – | – | – | 2.0 | – |' in text
    assert demo.sha256 in text and '1 head, 2 upper arms and torso' in text
    assert 'Text.' in text and 'old' not in text
    assert fill_card(text, demo, rows) == text
    assert 'Not measured yet.' in fill_card(text, demo, [])


def test_a_test_of_other_people_of_a_training_set_is_no_unseen_one(demo):
    model = replace(demo, training_sets=('Market-1501', 'CUHK03-P1'))
    names = 'Pasted-Market', 'CUHK03-P1-Occluded', 'CUHK01'
    rows = [{'set': name, 'mAP': 2.0, 'sha256': demo.sha256} for name in names]
    lines = fill_card(CARD, model, rows).splitlines()
    assert [('| yes' in line) for line in lines if line.startswith(('| Pasted', '| CUHK0'))] == [
        *(True, True, False)
    ]


def test_results_of_another_file_and_cards_without_place_are_refused(demo):
    rows = [{'set': 'Market-1501', 'mAP': 2.0, 'sha256': 'of an earlier file'}]
    with pytest.raises(ValueError, match=r'Market-1501 are not those of drop_demo\.safetensors'):
        fill_card(CARD, demo, rows)
    with pytest.raises(ValueError, match=r'a card needs .* found facts'):
        fill_card(CARD.partition('Text')[0], demo, [])


@pytest.mark.parametrize('model', list_models(), ids=lambda model: model.name)
def test_the_card_of_a_model_and_the_metafile_have_its_results(model):
    rows = read_results(ROOT / f'benchmarks/zoo/{model.name}.csv')
    card = (ROOT / f'docs/model_zoo/{model.name}.md').read_text()
    assert fill_card(card, model, rows) == card
    headings = ('Data and terms', 'Training', 'Results', 'Known failures', 'must not be used for')
    assert not [heading for heading in headings if heading not in card]
    expected = [(row['set'], round(row['Rank-1'], 1), round(row['mAP'], 1)) for row in rows]
    assert [(name, f['Rank-1'], f['mAP']) for name, f in model.results] == expected
