"""Help: what VimbisoPay is and how to use it."""

from service.conversation import Flow, MenuEntry
from service.flows.keywords import HELP as TEXT
from service.flows.screens import screen

HELP = Flow(
    name="help",
    title="Help",
    routes={"help": "text"},
    menu=(MenuEntry("help", "Help", "What VimbisoPay is and how to use it"),),
    steps=(screen("text", TEXT),),
)
