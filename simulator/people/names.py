"""A Faker provider for Zimbabwe: names common among Shona, Ndebele and English speakers, and mobile numbers.

Numbers follow libphonenumber's pattern for Zimbabwean mobiles: 71 (NetOne), 73 (Telecel), 77 and 78 (Econet).
"""

from __future__ import annotations

from typing import Final

from faker.providers import BaseProvider

__all__ = ("Zimbabwe",)

SHONA_FIRST: Final = (
    "Tariro", "Farai", "Tendai", "Rudo", "Chipo", "Tatenda", "Kudzai", "Nyasha", "Tapiwa", "Rutendo", "Tawanda",
    "Tinashe", "Munashe", "Anesu", "Panashe", "Chiedza", "Ruvimbo", "Vimbai", "Shamiso", "Simbarashe", "Takudzwa",
    "Tafadzwa", "Tanaka", "Ropafadzo", "Kudakwashe", "Fungai", "Garikai", "Maidei", "Netsai", "Paida", "Rufaro",
    "Sekai", "Tsitsi", "Wadzanai", "Yeukai", "Zvikomborero",
)  # fmt: skip
NDEBELE_FIRST: Final = (
    "Sipho", "Thandiwe", "Nomsa", "Sibusiso", "Nkosana", "Busisiwe", "Mthokozisi", "Nokuthula", "Themba", "Lindiwe",
    "Bongani", "Sithembile", "Mandla", "Zanele", "Sikhumbuzo", "Ntombizodwa", "Dumisani", "Thabani", "Nobuhle",
    "Qhubekani", "Nqobile", "Siphiwe", "Khanyisile", "Mbali", "Vusumuzi",
)  # fmt: skip
ENGLISH_FIRST: Final = (
    "Blessing", "Memory", "Precious", "Talent", "Innocent", "Loveness", "Trust", "Prince", "Gift", "Beauty",
    "Patience", "Brighton", "Givemore", "Privilege", "Learnmore", "Mercy", "Godknows", "Previous", "Grace", "Prosper",
    "Charity", "Wisdom", "Tracy", "Nigel", "Edmore",
)  # fmt: skip
SHONA_LAST: Final = (
    "Moyo", "Chikwanha", "Mutasa", "Chirwa", "Gumbo", "Mapfumo", "Makoni", "Chiwenga", "Zhou", "Shumba", "Marufu",
    "Mukanya", "Nyamande", "Muchena", "Chidziva", "Mawere", "Mhlanga", "Chigumba", "Murwira", "Madziva", "Chitando",
    "Mugari", "Nyathi-Moyo", "Chimuka", "Matambanadzo", "Gwatidzo", "Rusere", "Chinamasa",
)  # fmt: skip
NDEBELE_LAST: Final = (
    "Ncube", "Ndlovu", "Dube", "Sibanda", "Nkomo", "Khumalo", "Mpofu", "Nyoni", "Tshuma", "Mlilo", "Hadebe",
    "Mkandla", "Maphosa", "Gumede", "Masuku", "Bhebhe", "Ngwenya", "Dlamini", "Mabhena", "Siziba",
)  # fmt: skip
ENGLISH_LAST: Final = ("Banda", "Phiri", "Zulu", "Tembo", "Smith", "Johnson", "Mwale", "Sakala", "Jackson", "Lungu")

PREFIXES: Final = (("77", 5), ("78", 4), ("71", 3), ("73", 1))
"""The operators' prefixes and their weights."""


class Zimbabwe(BaseProvider):
    """Zimbabwean first names, last names and mobile numbers."""

    def first_name(self) -> str:
        """A first name."""
        return str(self.random_element(self._either(SHONA_FIRST, NDEBELE_FIRST, ENGLISH_FIRST)))

    def last_name(self) -> str:
        """A last name."""
        return str(self.random_element(self._either(SHONA_LAST, NDEBELE_LAST, ENGLISH_LAST)))

    def mobile(self) -> str:
        """A mobile number: digits, country code first."""
        prefixes = [prefix for prefix, weight in PREFIXES for _ in range(weight)]
        prefix = str(self.random_element(prefixes))
        # 73 is followed by 1 to 9 only; the others by any digit.
        first = self.random_int(1, 9) if prefix == "73" else self.random_int(0, 9)
        return f"263{prefix}{first}{self.random_int(0, 999_999):06}"

    def _either(self, shona: tuple[str, ...], ndebele: tuple[str, ...], english: tuple[str, ...]) -> tuple[str, ...]:
        """Choose a language group with the frequencies of the country, and a name of it."""
        share = self.random_int(1, 100)
        return shona if share <= 60 else ndebele if share <= 80 else english  # noqa: PLR2004 - shares in per cent
