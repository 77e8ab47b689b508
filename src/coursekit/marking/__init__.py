"""Marking: from a folder of submitted notebooks to marks. What runs a learner's code stands in ``inside``, alone."""
