import re
from pathlib import Path

import pytest

from mmdrop.datasets.layouts import LAYOUTS
from mmdrop.datasets.listing import Image, number_pids, parse_name
from mmdrop.datasets.listing.names import parse_camera, parse_pid

MARKET, DUKE = LAYOUTS['market1501'].pattern, LAYOUTS['dukemtmc'].pattern
OWN = r'(?P<pid>\d+)_c(?P<camid>\d+)'


def parse(name, pattern=OWN, first=0):
    return parse_name(Path('somewhere', name), pattern, first)


@pytest.mark.parametrize(
    ('name', 'pattern', 'expected'),
    [
        ('0002_c1s1_000451_03.jpg', MARKET, ('0002', 0)),
        ('0002_c1s1_000451_03.jpg.jpg', MARKET, ('0002', 0)),
        ('-1_c12s1_000451_03.jpg', MARKET, ('-1', 11)),
        ('0002_c10s1_000451_03.jpg', MARKET, ('0002', 9)),
        ('0005_c8_f0046985.jpg', DUKE, ('0005', 7)),
        ('0005_c123_f0046985.jpg', DUKE, ('0005', 122)),
    ],
)
def test_names_of_public_sets_are_read_with_whole_numbers(name, pattern, expected):
    assert parse(name, pattern, first=1) == expected


@pytest.mark.parametrize(
    ('name', 'pattern'),
    [
        ('0002_c0s1_000451_03.jpg', MARKET),
        ('-2_c1s1_000451_03.jpg', MARKET),
        ('0002_c1s1_000451_03 (1).jpg', MARKET),
        ('0002_cs1_000451_03.jpg', MARKET),
        ('0002_c1_f0000451.jpg', MARKET),
        ('x0002_c1s1_000451_03.jpg', MARKET),
        ('0002_c1x_f0046985.jpg', DUKE),
        ('0002_c1.5_f0046985.jpg', DUKE),
        ('٠٠٠٢_c1_f0046985.jpg', DUKE),
        ('0005_c8_f0046985_copy.jpg', DUKE),
        (f'{2**63}_c8_f0046985.jpg', DUKE),
        (f'0001_c{2**63}_f0046985.jpg', DUKE),
    ],
)
def test_other_names_are_errors_that_name_the_file(name, pattern):
    with pytest.raises(ValueError, match=re.escape(name)):
        parse(name, pattern, first=1)


@pytest.mark.parametrize(
    ('name', 'pattern'),
    [
        ('0012_c1.jpg', r'(?P<pid>\d+?)'),
        ('0012_c12.jpg', r'(?P<pid>\d+)_c(?P<camid>[1-9])'),
        ('0012_c12.jpg', r'(?P<pid>\d+?)_c(?P<camid>\d+?)'),
        ('0012_c1.jpg', r'.*(?P<pid>\d+)_c(?P<camid>\d+)'),
        ('0012_c1.jpg', r'(?P<pid>\d).*_c(?P<camid>\d+)'),
        ('00012_c1.jpg', r'(?P<pid>\d{4})'),
        ('p12.jpg', r'p1(?P<pid>\d+)'),
        ('-1_c1.jpg', r'.?(?P<pid>\d+)_c(?P<camid>\d+)'),
    ],
)
def test_a_pattern_that_takes_a_part_of_a_number_is_refused(name, pattern):
    with pytest.raises(ValueError, match='out of a longer number') as error:
        parse(name, pattern)
    assert name in str(error.value)


@pytest.mark.parametrize(
    ('name', 'pattern', 'expected'),
    [
        ('0012_c10.jpg', OWN, ('0012', 10)),
        ('anna_c3.jpg', r'(?P<pid>[a-z]+)_c(?P<camid>\d+)', ('anna', 3)),
        ('person-12.jpg', r'person-(?P<pid>\d+)', ('12', -1)),
        ('0001007.jpg', r'(?P<pid>\d{4})\d{3}', ('0001', -1)),  # its digits are counted
        ('000110023.jpg', r'(?P<pid>\d{4})(?P<camid>\d{2})\d{3}', ('0001', 10)),
        ('00013.jpg', r'(?P<pid>\d{4})(?P<camid>\d+)', ('0001', 3)),
        ('12.jpg', r'(?P<pid>\d+)(_c(?P<camid>\d+))?', ('12', -1)),
    ],
)
def test_whole_and_counted_numbers_are_taken(name, pattern, expected):
    assert parse(name, pattern) == expected


@pytest.mark.parametrize(
    'text', ['0', '7', '007', '-1', str(2**63 - 1), 'anna', '12_3', 'c1', '1-2']
)
def test_whole_numbers_and_texts_are_identities(text):
    assert parse_pid(text, 'list.csv, line 2') == text


@pytest.mark.parametrize(
    'text',
    [
        *('', '  ', None, '1.0', '1.', '-1.0', ' 7 ', '+3', '-0', '-2', '-01', '1e3', '−1'),
        *('１２', '٣', '1,0', str(2**63), '9' * 5000),
    ],
)
def test_numbers_that_are_not_written_as_whole_ones_are_no_identities(text):
    with pytest.raises(ValueError, match=r'list\.csv, line 2'):
        parse_pid(text, 'list.csv, line 2')


@pytest.mark.parametrize('text', ['-1', '1.0', '+1', ' 1', '１', '²', 'left', '9' * 5000])
def test_cameras_are_whole_numbers(text):
    assert parse_camera('010', 1, '') == 9 and parse_camera('', 1, '') == -1
    with pytest.raises(ValueError, match='here: camera'):
        parse_camera(text, 0, 'here')


def images(*pids):
    return [Image(Path(f'{i}.jpg'), '', pid, -1) for i, pid in enumerate(pids)]


def test_numbers_stay_and_texts_become_places_while_junk_is_junk():
    assert number_pids(images('12', '-1', '3'), merge=False) == {'12': 12, '3': 3, '-1': -1}
    texts = number_pids(images('bob', '-1', 'anna', '12'), merge=False)
    assert texts == {'12': 0, 'anna': 1, 'bob': 2, '-1': -1}


def test_one_number_written_in_two_ways_is_one_person_of_a_public_set_and_else_an_error():
    assert number_pids(images('007', '7'), merge=True) == {'007': 7, '7': 7, '-1': -1}
    for others in ((), ('anna',)):
        with pytest.raises(ValueError, match=r"1\.jpg has the identity '7' and 0\.jpg has '007'"):
            number_pids(images('007', '7', *others), merge=False)
