"""What a learner of DL_module imports and runs: data, training, plotting, checking, and the course's own server.

Import the submodule you need (``from dlmodule import data``); nothing heavy is loaded before that.
"""
