"""Names as others spell them: camelCase in a stack file and in other languages, snake_case in Python. Pure."""

import re

from pydantic.alias_generators import to_camel

from .errors import Problem


def in_camel_case(problem: Problem) -> Problem:
    """The same mistake, with its path and the arguments that its message names spelled as whoever made it does."""
    path = tuple(to_camel(part) if isinstance(part, str) else part for part in problem.path)
    if problem.path[:1] in (("labels",), ("annotations",)):
        # What follows is a key of somebody's own.
        path = problem.path
    # Not inside quotes: what stands there is what somebody typed.
    message = re.sub(
        r"(?<= )(secret_name|docker_config_json|confirm_all)(?=[;:]|$)", lambda name: to_camel(name[0]), problem.message
    )
    return Problem(path, message)
