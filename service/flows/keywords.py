"""Words understood everywhere, and what the framework itself says."""

from typing import Final

from service.conversation import SystemTexts, Vocabulary

_GREETINGS: Final = (
    "hi", "hie", "hy", "hey", "hello", "hallo", "hi there", "hello there", "start", "retry",
    "good morning", "good afternoon", "good evening", "morning", "afternoon", "evening", "greetings",
    "mhoro", "mhoroi", "makadii", "makadini", "mangwanani", "masikati", "manheru", "ndeipi", "wadii", "zvirisei",
    "sawubona", "salibonani", "sanibonani", "livukile", "kunjani", "linjani", "unjani", "litshonile",
    "jambo", "habari", "mambo", "hujambo", "dumela", "dumelang",
    "bonjour", "bonsoir", "salut", "hola", "buenos dias", "buenas tardes", "buenas noches",
)  # fmt: skip

_THANKS: Final = (
    "thanks", "thank you", "thanks a lot", "many thanks", "thank you very much", "thank you so much", "thanks so much",
    "ok thanks", "ok thank you", "okay thanks", "okay thank you", "thanks bye", "thx", "ty", "appreciated",
    "tatenda", "ndatenda", "maita", "maita basa", "maita henyu", "maita zvenyu", "tinotenda", "waita",
    "ngiyabonga", "siyabonga", "ngiyabonga kakhulu", "siyabonga kakhulu",
    "asante", "asante sana", "ke a leboga", "merci", "merci beaucoup", "gracias", "muchas gracias", "obrigado",
)  # fmt: skip
_AGREED: Final = (
    "ok", "okay", "okey", "k", "kk", "oky", "alright", "fine", "good", "great", "nice", "cool", "noted", "perfect",
    "got it", "sharp", "zvakanaka", "zvakanaka henyu", "kulungile", "sawa", "bye", "goodbye",
)  # fmt: skip

VOCABULARY: Final = Vocabulary(
    greetings=frozenset(_GREETINGS),
    leave=frozenset({"menu", "memu", "main menu", "home", "cancel", "x", "c", "exit", "quit", "reset", "back to menu"}),
    help=frozenset({"help", "about", "info", "rubatsiro", "uncedo"}),
    yes=frozenset({"yes", "y", "ok", "okay", "confirm", "ehe", "hongu", "yebo", "sure"}),
    no=frozenset({"no", "n", "aiwa", "kwete", "hayi", "cha"}),
    thanks=frozenset((*_THANKS, *"🙏❤♥🙌💚💙💛💜🥰😍😊")),
    agreed=frozenset((*_AGREED, *"👍👌🆗✅👏😀😁🙂💯")),
)

HELP: Final = (
    "*VimbisoPay* keeps your credexes: promises to pay that you can offer to other members and accept from them.\n\n"
    "- Type *menu* for your balances and what you can do.\n"
    "- Type *pending* for offers that wait for you.\n"
    "- To offer quickly, type the amount and the handle, like this: *0.5=>farai_shop*\n"
    "- Type *cancel* to leave anything you have begun.\n\n"
    "Being a member is free."
)

SYSTEM_TEXTS: Final = SystemTexts(
    not_understood="I did not understand that.",
    pick_an_option="I did not understand that. Please tap one of the choices, or type its number.",
    old_button="That button is from an earlier message, so I did nothing with it.",
    old_choice="That answer came too late, so I did nothing with it. Please choose again.",
    cannot_read="I can read text and taps only, not {kind}.",
    check_again="I did nothing yet: that answer was given before this question, or too late. Please look once more.",
    help=HELP,
    old_form="That form is from an earlier message, so I did nothing with it.",
)
