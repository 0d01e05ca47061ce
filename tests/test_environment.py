"""What else is installed beside mmdrop must not break it."""

import os
import subprocess
import sys


def test_a_transformers_that_mmpretrain_cannot_use_does_no_harm(tmp_path):
    # To mmpretrain both packages are there, but what it imports of them is gone.
    for name, version in (('transformers', '5.0.0'), ('pycocotools', '2.0.11')):
        (tmp_path / name).mkdir()
        (tmp_path / name / '__init__.py').write_text('')
        metadata = tmp_path / f'{name}-{version}.dist-info'
        metadata.mkdir()
        (metadata / 'METADATA').write_text(
            f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n'
        )
    code = 'import mmdrop.models; from mmpretrain.models import HRNet; import mmpretrain.datasets'
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', code],
        env=os.environ | {'PYTHONPATH': path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
