"""``mim run mmdrop identify …``, the same as ``mmdrop identify …``; ``--help`` says more."""

from mmdrop.apis.command_line import run_verb

if __name__ == '__main__':
    run_verb('identify')
