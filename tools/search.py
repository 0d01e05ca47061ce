"""``mim run mmdrop search …``, the same as ``mmdrop search …``; ``--help`` says more."""

from mmdrop.apis.command_line import run_verb

if __name__ == '__main__':
    run_verb('search')
