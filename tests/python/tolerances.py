"""The bounds of tests/tolerances.rs, by their names there."""

import pathlib
import re

TABLE = (pathlib.Path(__file__).parents[1] / "tolerances.rs").read_text()


def tolerance(name: str) -> float:
    return float(re.search(rf"pub const {name}: f32 = (\S+);", TABLE)[1])
