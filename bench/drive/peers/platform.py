"""The exam platform: mints the tokens that all services are shown, with a key that all of them trust."""

import json
import os
import time

from ..processes import GENERATOR, answer

EXAM, SUBJECT = "bench", "one"
# Longer than any run.
LIFE = 86_400


class Platform:
    """Tokens that are minted before anything is measured.

    `tokens` has one for each candidate, `unseen` further ones with their candidates' numbers, `sittings` one for each of those;
    `jwks` is the file with the key that verifies them.
    """

    def __init__(self, bench, sources, candidates, fresh, sittings):
        """For so many candidates, with so many further tokens of theirs, and for so many others, who have one sitting each."""
        expires = int(time.time()) + LIFE
        names = [f"c-{number:03}" for number in range(candidates)]
        claims = [claim(name, expires) for name in names]
        claims += [claim(names[number % candidates], expires, jti=f"t-{number}") for number in range(fresh)]
        claims += [claim(f"s-{number}", expires) for number in range(sittings)]
        path = os.path.join(bench.scratch, "claims.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(claims, file)
        minted = answer("node", os.path.join(sources, "platform.mjs"), path, core=GENERATOR)
        self.jwks = os.path.join(bench.scratch, "jwks.json")
        with open(self.jwks, "w", encoding="utf-8") as file:
            json.dump(minted["jwks"], file)
        tokens = iter(minted["tokens"])
        self.tokens = [next(tokens) for _ in range(candidates)]
        self.unseen = iter([(number % candidates, next(tokens)) for number in range(fresh)])
        self.sittings = tokens


def claim(candidate, expires, **more):
    """What a token says; `jti` makes it another token for the same candidate."""
    return {"exam": EXAM, "subject": SUBJECT, "candidate": candidate, "tracks": ["webcam"], "exp": expires, **more}
