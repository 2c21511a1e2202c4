"""Templates: what was approved, filled in with what a request gives."""

from __future__ import annotations

import copy

import pytest

from simulator.whatsapp_cloud import ApprovedTemplate, RefusedError, TemplateButton
from tests.unit.cloud_requests import (
    Json,
    filled,
    template,
)


def test_a_template_is_approved_within_its_limits_only() -> None:
    """At most ten buttons of at most 25 characters."""
    ApprovedTemplate("n", "en", "b", buttons=("x" * 25,) * 10)
    with pytest.raises(ValueError, match="at most 10 buttons"):
        ApprovedTemplate("n", "en", "b", buttons=("x",) * 11)
    with pytest.raises(ValueError, match="1 to 25 characters"):
        ApprovedTemplate("n", "en", "b", buttons=("x" * 26,))


def test_a_filled_template_reads_as_the_person_will_see_it() -> None:
    """Placeholders are replaced in order; quick replies send back their payload, or their text without one."""
    bubble = filled(template("Tariro", "5 USD", payload="PAY_42", name="hello"))
    assert (bubble.body, bubble.footer) == ("Hello Tariro, you owe 5 USD to Tariro", "Bye")
    assert [(choice.id, choice.title) for choice in bubble.choices] == [("PAY_42", "Pay"), ("Later", "Later")]


def test_named_parameters_are_found_by_name() -> None:
    """A parameter with a name fills the placeholder of that name, and no other."""
    content = template("Farai", name="named")
    content["template"]["components"][0]["parameters"][0]["parameter_name"] = "name"
    assert filled(content).body == "Dear Farai"
    wrong = copy.deepcopy(content)
    wrong["template"]["components"][0]["parameters"][0]["parameter_name"] = "nome"
    with pytest.raises(RefusedError, match=r"132012.*nome"):
        filled(wrong)


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (template(name="nobody"), 132001, "template name (nobody) does not exist in en"),
        (
            template("Tariro", name="hello"),
            132000,
            "body: number of localizable_params (1) does not match the expected number of params (2)",
        ),
        (
            template("Tariro", "a\nb", name="hello"),
            132018,
            "Param text cannot have new-line/tab characters or more than 4 consecutive spaces",
        ),
        (template("Tariro", "", name="hello"), 131008, "Parameter of type text is missing text value"),
        (
            template("Tariro", "5", payload="x" * 257, name="hello"),
            132018,
            "button payload must have 1 to 256 characters",
        ),
        (template(payload="p", name="plain"), 132018, "buttons: the template has no button at index 0"),
    ],
)
def test_a_template_that_does_not_fit_is_refused(content: Json, code: int, said: str) -> None:
    """Unknown names, wrong counts and forbidden characters have codes of their own."""
    with pytest.raises(RefusedError) as caught:
        filled(content)
    assert (caught.value.code, caught.value.details) == (code, said)


def test_the_buttons_of_a_template_are_shown_in_their_kinds() -> None:
    """Quick replies can be tapped; what else there is stands on the bubble."""
    template_ = ApprovedTemplate(
        "n", "en", "b", buttons=("Yes", TemplateButton("url", "Pay", "https://example.co.zw/1"))
    )
    bubble = filled(template(payload="Y"), (template_,))
    assert ([(choice.id, choice.title) for choice in bubble.choices], bubble.footer) == ([("Y", "Yes")], "[Pay]")


def test_without_a_registry_any_template_goes() -> None:
    """Bots that are tried without templates of their own can still send one."""
    assert filled(template("a", "b", payload="P"), None).body == "[n] a b"
