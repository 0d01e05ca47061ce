"""``mim run mmdrop embed …``, the same as ``mmdrop embed …``; ``--help`` says more."""

from mmdrop.apis.command_line import run_verb

if __name__ == '__main__':
    run_verb('embed')
