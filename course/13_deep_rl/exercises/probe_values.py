"""The right values of the five probe environments."""

from dlmodule.checking.exercise import Case, Exercise

exercise = Exercise(
    difficulty=2,
    minutes=6,
    core=True,
    hints=(
        "Which probe lasts longer than one step? Only there the discount can act.",
        "Under the best policy `chosen` and `matched` always earn the same. In `observed` actions change nothing.",
    ),
)


@exercise.cases
def cases():
    yield Case(0.5).named("gamma 0.5")
    yield Case(0.9).named("gamma 0.9")
    yield Case(0.0).named("gamma 0")


exercise.edit(
    "not_discounted", '"delayed": {0: gamma, 1: 1.0}', '"delayed": {0: 1.0, 1: 1.0}',
    "In `delayed` the reward comes one step after observation 0. It is discounted once.",
)  # fmt: skip
exercise.edit(
    "discounted_twice", '"delayed": {0: gamma, 1: 1.0}', '"delayed": {0: gamma**2, 1: gamma}',
    "In `delayed` you discount once too often: the reward of a step is not discounted at that step.",
)  # fmt: skip
exercise.edit(
    "observed_by_the_best_action", '"observed": {-1: -1.0, 1: 1.0}', '"observed": {-1: 1.0, 1: 1.0}',
    "In `observed` the reward is the observation, whatever you do: after -1 no action can help.",
)  # fmt: skip
exercise.edit(
    "matched_of_a_random_policy", '"matched": {-1: 1.0, 1: 1.0}', '"matched": {-1: 0.0, 1: 0.0}',
    "Zero is what a random policy earns in `matched`. The values of the best policy are asked.",
)  # fmt: skip
exercise.edit(
    "chosen_of_a_random_policy", '"chosen": {0: 1.0}', '"chosen": {0: 0.0}',
    "Zero is what a random policy earns in `chosen`. The value of the best policy is asked.",
)  # fmt: skip
exercise.edit(
    "matched_like_observed", '"matched": {-1: 1.0, 1: 1.0}', '"matched": {-1: -1.0, 1: 1.0}',
    "In `matched` action 0 at the observation -1 earns 1: the best policy earns 1 at both observations.",
)  # fmt: skip


exercise.edit(
    "for_ever", "\"constant\": {0: 1.0}", "\"constant\": {0: 1 / (1 - gamma)}",
    "You add up rewards for ever. An episode of `constant` has one step, and then it ends.",
)  # fmt: skip
exercise.edit(
    "first_step_discounted", "\"constant\": {0: 1.0}", "\"constant\": {0: gamma}",
    "In `constant` you discount the reward of the step itself. Only what comes later is discounted.",
)  # fmt: skip
exercise.edit(
    "delayed_the_wrong_way_round", "\"delayed\": {0: gamma, 1: 1.0}", "\"delayed\": {0: 1.0, 1: gamma}",
    "In `delayed` the two values have changed places. Observation 1 comes right before the reward, observation 0 one step earlier.",
)  # fmt: skip
exercise.edit(
    "delayed_paid_twice", "\"delayed\": {0: gamma, 1: 1.0}", "\"delayed\": {0: 1 + gamma, 1: 1.0}",
    "In `delayed` the step from observation 0 earns nothing itself. The reward comes once.",
)  # fmt: skip
exercise.edit(
    "delayed_without_the_end", "\"delayed\": {0: gamma, 1: 1.0}", "\"delayed\": {0: 0.0, 1: 1.0}",
    "In `delayed` observation 0 earns nothing at once, but its value looks ahead: the reward comes one step later.",
)  # fmt: skip
exercise.edit(
    "second_observation_missing", "\"delayed\": {0: gamma, 1: 1.0}", "\"delayed\": {0: gamma}",
    "`delayed` shows two observations, 0 and then 1. Give the value of both.",
)  # fmt: skip
exercise.edit(
    "gamma_ignored", "\"delayed\": {0: gamma, 1: 1.0}", "\"delayed\": {0: 0.95, 1: 1.0}",
    "`gamma` has no effect: the value in `delayed` depends on it.",
)  # fmt: skip
exercise.edit(
    "actions_in_place_of_observations", "\"chosen\": {0: 1.0}", "\"chosen\": {0: -1.0, 1: 1.0}",
    "In `chosen` you gave the worth of the two actions. It shows one observation, 0, and its value is that of the best action.",
)  # fmt: skip
exercise.edit(
    "matched_by_action", "\"matched\": {-1: 1.0, 1: 1.0}", "\"matched\": {0: 1.0, 1: 1.0}",
    "`matched` shows the observations -1 and 1; 0 and 1 are the actions.",
)  # fmt: skip


@exercise.alternative
def built_up(gamma):
    always = {-1: 1.0, 1: 1.0}
    values = {"constant": {0: 1.0}, "chosen": {0: 1.0}, "matched": always}
    values["observed"] = {o: float(o) for o in (-1, 1)}
    values["delayed"] = {0: 0 + gamma * 1.0, 1: 1.0}
    return values


@exercise.alternative
def of_tuples(gamma):
    rows = [("matched", -1, 1.0), ("matched", 1, 1.0), ("delayed", 0, gamma), ("delayed", 1, 1.0), ("constant", 0, 1.0), ("chosen", 0, 1.0), ("observed", -1, -1.0), ("observed", 1, 1.0)]  # fmt: skip
    values = {}
    for name, observation, value in rows:
        values.setdefault(name, {})[observation] = value
    return values
