"""An RFID shelf: a count of the tags that answer in an inventory round."""

import math

_LOG_SMALLEST = -700.0  # exp of less may be 0


def missed_tags(tags: int, read_rate: float, word: float) -> int:
    """Tags that do not answer, of `tags` that each answer with probability `read_rate`, independently.

    The binomial quantile of the uniform number `word`: the smallest number whose cumulative probability, added up
    from 0, reaches it. Probabilities too small for a float are passed over; together they are below 1e-290.
    """
    if tags <= 0 or read_rate >= 1.0:
        return 0
    if read_rate <= 0.0:
        return tags
    odds = (1.0 - read_rate) / read_rate
    missed = 0
    log_term = tags * math.log(read_rate)
    while log_term < _LOG_SMALLEST:
        log_term += math.log((tags - missed) / (missed + 1.0) * odds)
        missed += 1
    term = math.exp(log_term)
    cumulative = term
    while cumulative < word and missed < tags:
        term *= (tags - missed) / (missed + 1.0) * odds
        missed += 1
        cumulative += term
    return missed


def tags_shown(tags: int, missed: int, stray: int) -> int:
    """Tags that an inventory round counts: those there that answer, and those of other places that answer too."""
    return tags - missed + stray
