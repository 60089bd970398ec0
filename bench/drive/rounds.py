"""Rounds: everything that is compared runs once in each, in turn, so that a noisy minute hurts all alike."""

from statistics import median


def interleave(rounds, measures, say):
    """Runs every measure once a round and gives name → list of what it returned.

    `measures` maps a name to a function without arguments. The order turns by one each round, so that no measure always
    follows the same neighbour.
    """
    seen = {name: [] for name in measures}
    names = list(measures)
    for number in range(rounds):
        say(f"  round {number + 1} of {rounds}")
        for name in names[number % len(names):] + names[: number % len(names)]:
            seen[name].append(measures[name]())
    return seen


def medians(results):
    """One dict of medians from the dicts of the rounds; what is not a number is left out."""
    keys = [key for key, value in results[0].items() if isinstance(value, (int, float)) and not isinstance(value, bool)]
    return {key: median(result[key] for result in results) for key in keys}


def transpose(rounds):
    """From one dict of measures a round to measure → list, the shape that `interleave` gives."""
    return {name: [round_[name] for round_ in rounds] for name in rounds[0]}
