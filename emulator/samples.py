"""Words that the sample data is put together from."""

from __future__ import annotations

FIRST_NAMES = (
    "Ana", "Ben", "Chloe", "Dario", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jonas",
    "Kaya", "Luca", "Mira", "Nils", "Olga", "Pavel", "Quinn", "Rosa", "Samir", "Tara",
    "Uma", "Viktor", "Wanda", "Xenia", "Yusuf", "Zoe", "Aiko", "Bruno", "Clara", "Deniz",
    "Emil", "Farah", "Goran", "Hanna", "Ivo", "Jade", "Kofi", "Lena", "Marek", "Nora",
)  # fmt: skip
LAST_NAMES = (
    "Sample", "Example", "Specimen", "Placeholder", "Mockford", "Testwell", "Fixture", "Trial", "Proto",
    "Dummy", "Stand-In", "O'Sample",
)  # fmt: skip
TITLES = (
    "Chief of Staff", "Head of Purchasing", "Sales Manager", "Engineer", "Marketing Lead", "Controller",
    "Support Manager", "Plant Manager", "IT Director",
)  # fmt: skip
DEPARTMENTS = ("Management", "Purchasing", "Sales", "Engineering", "Marketing", "Finance", "Support")
ACCOUNT_WORDS = (
    "Sample", "Birch", "Cobalt", "Delta", "Ember", "Fern", "Granite", "Harbor", "Indigo", "Juniper",
    "Kite", "Lumen", "Maple", "Nimbus", "Orchid", "Pebble", "Quartz", "Ripple", "Saffron", "Tundra",
    "Umbra", "Velvet", "Willow", "Xylo", "Yarrow", "Zephyr", "Alder", "Beacon", "Cedar", "Dune",
)  # fmt: skip
TRADES = (
    ("Foods", "Retail"), ("Software", "Technology"), ("Logistics", "Transportation"), ("Energy", "Energy"),
    ("Clinics", "Healthcare"), ("Works", "Manufacturing"), ("Media", "Media"), ("Builders", "Construction"),
    ("Advisors", "Consulting"),
)  # fmt: skip
PROJECT_WORDS = ("Rollout", "Renewal", "Pilot", "Upgrade", "Expansion", "Migration", "Add-on Seats")
CITIES = (
    ("Springfield", "IL", "62701"), ("Riverside", "CA", "92501"), ("Franklin", "TN", "37064"),
    ("Salem", "OR", "97301"), ("Georgetown", "TX", "78626"), ("Bristol", "CT", "06010"),
)  # fmt: skip
DOMAIN_ENDS = ("example.com", "example.org", "example.net")
STAGES = (
    "Prospecting", "Qualification", "Needs Analysis", "Value Proposition", "Id. Decision Makers",
    "Perception Analysis", "Proposal/Price Quote", "Negotiation/Review", "Closed Won", "Closed Lost",
)  # fmt: skip


def domain(number: int) -> str:
    """The sample domain of the n-th company, under a name reserved for examples."""
    if number < len(DOMAIN_ENDS):
        return DOMAIN_ENDS[number]
    word = ACCOUNT_WORDS[number % len(ACCOUNT_WORDS)].lower()
    return f"{word}{number}.test"


def person(number: int) -> tuple[str, str]:
    """First and last name of the n-th sample person."""
    return (
        FIRST_NAMES[number % len(FIRST_NAMES)],
        LAST_NAMES[(number + number // len(FIRST_NAMES)) % len(LAST_NAMES)],
    )
