import pytest
import yaml

from mmdrop.zoo import read_entry, replace_entry

TEXT = """# A comment stays.
Collections:
  - Name: DROP
Models:
  - Name: first
    Metadata:
      Parts: 5

    Config: configs/first.py
  - Name: first_longer
    Config: configs/first_longer.py
"""


def test_an_entry_is_read_or_begun():
    assert read_entry(TEXT, 'first_longer') == dict(
        Name='first_longer', Config='configs/first_longer.py'
    )
    assert read_entry(TEXT, 'new') == dict(Name='new')


@pytest.mark.parametrize(('name', 'place'), [('first', 0), ('first_longer', 1), ('new', 2)])
def test_one_entry_changes_and_the_rest_of_the_text_stays(name, place):
    entry = dict(Name=name, Metadata={'Input Size': '128×64'}, Config='configs/x.py')
    changed = replace_entry(TEXT, entry)
    before, after = yaml.safe_load(TEXT), yaml.safe_load(changed)
    before['Models'][place : place + 1] = [entry]
    assert after == before
    assert changed.startswith('# A comment stays.\nCollections:\n') and '128×64' in changed
    assert replace_entry(changed, entry) == changed
