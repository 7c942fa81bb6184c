"""A problem prints as file, place, key, message and hint; an error lists all of them in the order of the file."""

from narrows.config.problem import ConfigError, Problem


def test_a_placed_problem_prints_everything() -> None:
    problem = Problem("gate.listn", "no such setting", "did you mean `listen`?", "narrows.yaml", 3, 5)
    assert str(problem) == "narrows.yaml:3:5: gate.listn: no such setting; did you mean `listen`?"


def test_a_problem_of_the_whole_file_has_no_place() -> None:
    assert str(Problem("", "the file is empty", file="narrows.yaml")) == "narrows.yaml: the file is empty"


def test_a_problem_without_a_file() -> None:
    assert str(Problem("policies[0]", "is wrong")) == "policies[0]: is wrong"


def test_an_error_lists_problems_in_the_order_of_the_file() -> None:
    error = ConfigError([Problem("b", "second", line=9, column=1), Problem("a", "first", line=2, column=7)])
    assert [problem.key for problem in error.problems] == ["a", "b"]
    assert str(error).splitlines()[0].endswith("a: first")
