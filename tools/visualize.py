"""``mim run mmdrop visualize …``, the same as ``mmdrop visualize …``; ``--help`` says more."""

from mmdrop.apis.command_line import run_verb

if __name__ == '__main__':
    run_verb('visualize')
