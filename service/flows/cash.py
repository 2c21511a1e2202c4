"""Cash in and out: what it costs, and who does it."""

from service.conversation import Flow, MenuEntry
from service.flows.screens import screen

CASH = Flow(
    name="cash",
    title="Cash in and out: what it costs, and whom to ask",
    routes={"cash": "text"},
    keywords=dict.fromkeys(("cash", "cash in", "cash out", "cash in and out"), "cash"),
    menu=(MenuEntry("cash", "Cash in and out", "What it costs, and whom to ask"),),
    steps=(
        screen(
            "text",
            "*Cash in* is free. You give cash to an agent, and your balance here grows by as much.\n\n"
            "*Cash out* costs 2 %. An agent gives you cash for your balance.\n\n"
            "I do not handle cash myself. For an agent near you, ask the people who invited you.",
        ),
    ),
)
