"""A coursework from the learner's side: what is given, what is handed in beside the notebook, and the sealed file.

    given = coursework.given("coursework_2")
    coursework.hand_in("coursework_2", predictions=predictions)
    coursework.submit("coursework_2")

Nothing is sent anywhere; all of it works without a network.
"""

from dlmodule.coursework.given import given, hand_in
from dlmodule.coursework.submitting import submit

__all__ = ["given", "hand_in", "submit"]
