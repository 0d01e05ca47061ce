import csv
import io

import pytest

from mmdrop.utils import csv_text, markdown_table, plain_table


def test_what_is_written_is_read_again():
    rows = [{'name': 'a,b "c"\nd', 'score': 0.5}, {'name': 'é;', 'count': 3}]
    text = csv_text(rows, ['name', 'score', 'count'])
    again = list(csv.DictReader(io.StringIO(text, newline='')))
    assert again == [
        {'name': 'a,b "c"\nd', 'score': '0.5', 'count': ''},
        {'name': 'é;', 'score': '', 'count': '3'},
    ]


def test_lines_end_alike_on_every_system_and_the_header_may_be_left_out():
    rows = [{'a': 1, 'b': 2}]
    assert csv_text(rows, ['b', 'a']) == 'b,a\n2,1\n'
    assert csv_text(rows, ['b', 'a'], header=False) == '2,1\n'
    assert csv_text([], ['a']) == 'a\n'


@pytest.mark.parametrize(('digits', 'written'), [(4, '0.3333'), (1, '0.3'), (None, repr(1 / 3))])
def test_fractions_are_rounded_and_whole_numbers_are_not(digits, written):
    rows = [{'x': 1 / 3, 'n': 123456789, 'flag': True}]
    text = csv_text(rows, ['x', 'n', 'flag'], header=False, digits=digits)
    assert text == f'{written},123456789,True\n'
    assert rows[0]['x'] == 1 / 3  # the caller's row is left as it was


def test_a_value_without_a_column_is_not_lost_silently():
    with pytest.raises(ValueError, match='typo'):
        csv_text([{'a': 1, 'typo': 2}], ['a'])


def test_columns_of_a_plain_table_are_as_wide_as_their_widest_cell():
    cells = [['name', 'x'], ['a', '100'], ['long name', '7']]
    assert plain_table(cells).splitlines() == ['name       x', 'a          100', 'long name  7']


def test_a_markdown_table_aligns_numbers_to_the_right():
    assert markdown_table([['row', 'x', 'y'], ['a', '1', '2']]).splitlines() == [
        '| row | x | y |',
        '| --- | ---: | ---: |',
        '| a | 1 | 2 |',
    ]


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match=r'shorter|longer'):
        plain_table([['a', 'b'], ['c']])
