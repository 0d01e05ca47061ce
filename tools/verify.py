"""``mim run mmdrop verify …``, the same as ``mmdrop verify …``; ``--help`` says more."""

from mmdrop.apis.command_line import run_verb

if __name__ == '__main__':
    run_verb('verify')
