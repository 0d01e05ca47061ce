import codecs

import pytest

from mmdrop.datasets.listing import read_csv

LINES = [
    ['path', 'pid', 'camid', 'subset'],
    ['a.jpg', '7', '1', 'train'],
    ['b/c.jpg', '8', '', 'query'],
]


def read(root, text):
    content = text if isinstance(text, bytes) else text.encode()
    (root / 'list.csv').write_bytes(content)
    subsets = read_csv(root, root / 'list.csv')
    return [
        (subset, image.path.relative_to(root).as_posix(), image.pid, image.camid)
        for subset, images in subsets.items()
        for image in images
    ]


def joined(delimiter=',', end='\n', lines=LINES):
    return ''.join(delimiter.join(line) + end for line in lines)


EXPECTED = [('train', 'a.jpg', '7', 1), ('query', 'b/c.jpg', '8', -1)]


@pytest.mark.parametrize(
    'text',
    [
        joined(),
        joined(';'),
        joined('\t'),
        joined(' ; '),
        joined(', '),
        joined('","').replace('\n', '"\n"')[:-1].join(['"', '']),
        joined(';', '\r\n'),
        joined(',', '\r'),
        'sep=;\r\n' + joined(';', '\r\n'),
        codecs.BOM_UTF8 + joined(';').encode(),
        codecs.BOM_UTF16_LE + joined('\t').encode('utf-16-le'),
        joined().replace('path,pid', 'Path, PID ').replace('subset', 'SubSet'),
        joined().replace('train', 'Train'),
        joined() + '\n,,,\n',
        joined(lines=[line[::-1] for line in LINES]),
        joined(lines=[[*line, 'a;b', 'x\ty'] for line in LINES]),  # more columns
        joined(';', lines=[[*line, '1,5'] for line in LINES]),  # a decimal comma
        'path,pid,subset,camid\na.jpg,7,train,1\nb/c.jpg,8,query\n',  # the last value is left out
    ],
)
def test_what_programs_write_is_read_alike(tmp_path, text):
    assert read(tmp_path, text) == EXPECTED


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('path;subset\na.jpg;train', r"no column \['pid'\]; its header, split at semicolons"),
        ('path|pid|subset\n', r"no column .*; its first line, 'path\|pid\|subset', must name"),
        ('a.jpg,7,train\n', r"its first line, 'a.jpg,7,train', must name the columns path, pid"),
        ('', r"no column \['path', 'pid', 'subset'\]"),
        ('path,pid,subset,pid\na,1,train,2', "two columns 'pid'"),
        ('path,pid,subset\na,b.jpg,1,train', 'line 2 has 4 values.*3 columns.*commas in quotes'),
        ('path,pid,subset\n\na.jpg,,train', 'line 3: path and pid must not be empty'),
        ('path,pid,subset\na.jpg,1.0,train', "line 2: identity '1.0'"),
        (f'path,pid,subset\na.jpg,{2**63},train', 'line 2: identity .* larger'),
        ('path,pid,subset\na.jpg,1,val', "line 2: subset 'val'"),
        ('path,pid,subset,camid\na.jpg,1,train,1.0', r"line 2: camera '1\.0'"),
        ('path,pid,subset,camid\na.jpg,1,train,-1', "line 2: camera '-1'"),
        ('sep=,\npath,pid,subset\na.jpg,+1,train', r"line 3: identity '\+1'"),
        ('path,pid,subset\n"a.jpg,1,train\n' + 'x' * 200_000, 'is not a CSV file'),
        ('path,pid,subset\né.jpg,1,train'.encode('latin-1'), 'is not in UTF-8'),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=message) as error:
        read(tmp_path, text)
    assert 'list.csv' in str(error.value)


def test_a_path_with_backslashes_is_taken_where_only_slashes_lead_to_a_file(tmp_path):
    for name in ('x/a.jpg', 'y\\b.jpg', 'y/b.jpg'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    rows = 'path,pid,subset\nx\\a.jpg,1,train\ny\\b.jpg,2,train\nz\\c.jpg,3,train\n'
    assert [row[1] for row in read(tmp_path, rows)] == ['x/a.jpg', 'y\\b.jpg', 'z\\c.jpg']


def test_a_quoted_path_may_hold_the_delimiter(tmp_path):
    rows = 'path;pid;subset\n"a;b.jpg";anna;train\n'
    assert read(tmp_path, rows) == [('train', 'a;b.jpg', 'anna', -1)]
