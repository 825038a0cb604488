from harness.cases.shrink import Choice, shrink


def _asked(ladders: list[int], fails: set[Choice], *, known: dict[Choice, bool]) -> list[Choice]:
    """Ask until nothing is wanted; return what was asked, and add the best at the end."""
    asked: list[Choice] = []

    def answer(choice: Choice) -> bool | None:
        return known.get(choice)

    while True:
        best, wanted = shrink(ladders, answer)
        if wanted is None:
            return [*asked, best]
        known[wanted] = wanted in fails
        asked.append(wanted)


def test_the_smallest_failing_choice_is_found() -> None:
    fails: set[Choice] = {(2, 2), (2, 1), (1, 2), (1, 1)}

    *asked, best = _asked([3, 3], fails, known={(2, 2): True})

    assert best == (1, 1)
    assert len(asked) <= 8


def test_what_is_known_is_not_asked() -> None:
    known: dict[Choice, bool] = {(0, 0): False, (0, 1): False, (1, 0): False, (1, 1): True}

    assert shrink([2, 2], lambda one: known[one]) == ((1, 1), None)


def test_a_failure_that_has_one_step_everywhere_has_nothing_smaller() -> None:
    assert shrink([1, 1], lambda _one: True) == ((0, 0), None)


def test_the_same_answers_lead_to_the_same_question() -> None:
    known: dict[Choice, bool] = {(3, 3, 3): True, (0, 0, 0): False}

    def answer(choice: Choice) -> bool | None:
        return known.get(choice)

    assert shrink([4, 4, 4], answer) == shrink([4, 4, 4], answer)
    assert shrink([4, 4, 4], answer)[1] is not None
