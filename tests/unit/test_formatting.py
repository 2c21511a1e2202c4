"""Names and handles from core, as they are shown between our own words."""

from __future__ import annotations

import pytest

from service.flows import formatting


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("Farai *Ncube*", "Farai Ncube"),
        ("_Farai_ ~Ncube~ `x`", "Farai Ncube x"),
        ("Farai\u202e DSU 00.5", "Farai DSU 00.5"),
        ("Fa\u200brai", "Fa rai"),
        ("Farai\u2066\u2069 Ncube", "Farai Ncube"),
        ("Farai\nNcube\x00\x85", "Farai Ncube"),
        ("Far\ud800ai", "Far ai"),
        ("👩\u200d🌾 Farai", "👩\u200d🌾 Farai"),
        ("\u200d\u200b*", "(no name)"),
        ("Чипо", "Чипо"),
    ],
)
def test_a_name_can_do_nothing_but_be_read(told: str, shown: str) -> None:
    """No emphasis, no line of its own, nothing that turns the direction of the amount beside it."""
    assert formatting.name(told) == shown


def test_a_handle_keeps_its_underscores_and_shows_nothing_invisible() -> None:
    """They are no markup within it."""
    assert (formatting.handle("farai_shop"), formatting.handle("farai\u202eshop")) == ("farai_shop", "farai shop")
