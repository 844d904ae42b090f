"""How an enrolment goes, as JSON: for the page and for programs."""

from stream.session.enrolment import Progress


def as_json(progress: Progress) -> dict[str, object]:
    """What the page gets; docs/enrolment.md says what each means."""
    standing = progress.standing
    return {
        "prompt": standing.prompt,
        "nearness": standing.nearness,
        "done": list(standing.done),
        "skipped": list(standing.skipped),
        "missing": list(standing.missing),
        "enough": standing.has_enough,
        "trouble": progress.trouble,
        "kept": progress.kept,
        "over": progress.is_over,
    }
