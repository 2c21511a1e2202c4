"""The codes of the Graph API's errors, against Meta's page of December 2025, copied here apart from the API's table."""

from __future__ import annotations

import pytest

from simulator.whatsapp_cloud import CODES, RefusedError
from simulator.whatsapp_cloud.errors import known

BY_STATUS = {
    400: (
        *(1, 4, 33, 100, 80007, 130429, 130472, 131008, 131009, 131021, 131026, 131030, 131037, 131042, 131047, 131048),
        *(131049, 131050, 131051, 131052, 131053, 131055, 131056, 131059, 131062, 131063, 131064, 132000, 132005),
        *(132007, 132008, 132012, 132015, 132016, 132018, 132068, 132069, 133005, 133006, 133008, 133009, 133010),
        *(133015, 133016, 134011, 134100, 134101, 134102, 135000),
    ),
    401: (0, 104, 190),
    403: (10, 200, 250, 299, 368, 130497, 131005, 131031),
    404: (132001,),
    500: (3, 131000, 131016, 131045, 131057, 133000),
    503: (2, 133004),
}
LATER_ONLY = (130472, 131026, 131042, 131048, 131049, 131050, 131053, 137000)
"""Those that production reports saw in a `failed` status only. 131047 comes there as a rule, and sometimes at once."""


@pytest.mark.parametrize(("status", "code"), [(status, code) for status, codes in BY_STATUS.items() for code in codes])
def test_a_code_comes_with_its_http_status(status: int, code: int) -> None:
    """Bots branch on the code; those that do not must be found out."""
    assert known(code).status == status
    assert RefusedError(code).body("T")["error"]["code"] == code


def test_what_meta_reports_later_is_reported_later() -> None:
    """In a status, after the request was answered with 200."""
    assert {code for code, one in CODES.items() if one.later} == {*LATER_ONLY, 131047}


def test_an_unknown_code_is_a_bad_request() -> None:
    """Meta makes new ones."""
    assert (known(999_999).status, known(300).status, known(199).status) == (400, 400, 400)
