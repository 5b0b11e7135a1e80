"""Words the world is made of: invented names, companies, titles. Only data and the draws from it."""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_NAMES: tuple[str, ...] = _words(
    """Aaliyah Abigail Ada Adrian Aisha Alan Alejandra Alex Alice Alicia Amara Amelia Amir Ana Anders Andre Angela Anika
    Anita Anton April Ariel Arjun Arthur Asha Audrey Austin Ava Beatriz Ben Bianca Blake Bram Brandon Brenda Brian
    Bridget Caleb Camila Carla Carlos Carmen Caroline Cedric Chen Chloé Chris Clara Claudia Colin Connor Cora Craig
    Cristina Cyrus Dalia Dana Daniel Daphne Darius David Deepa Delia Derek Diana Diego Dmitri Dominic Dylan Edith Eduardo
    Elena Eli Elias Elise Emeka Emily Emma Enrique Eric Esther Ethan Eva Fatima Felix Fernanda Fiona Francis Gabriel
    Gemma George Gina Giulia Grace Grant Hana Hank Hassan Hazel Hector Helen Hugo Ian Ibrahim Ines Ingrid Irene Isaac Isla
    Ivan Jack Jada Jamal James Jana Jasmine Javier Jenna Jesse Joanna Joel Jonas Jordan José Joy Julia Julian Kai Karen
    Karim Kate Kavya Keith Kendra Kenji Kira Kofi Lara Laura Leah Lena Leo Liam Lila Linh Lorenzo Lucia Luis Luz Maeve
    Malik Mara Marcus Margot Maria Marta Mateo Maya Mei Mia Miguel Mila Milan Mina Mohan Mona Nadia Naomi Nate Nia Nico
    Nina Noah Nora Olga Oliver Omar Oscar Paige Paloma Patrick Paul Petra Priya Quinn Rachel Rafael Raj Ramona Rania
    Reza Rhea Rita Robin Rohan Rosa Ruth Ryan Sadie Saira Sam Samira Sana Sandra Sanjay Sara Sean Selena Serena Seth
    Shira Simon Sofia Sonia Stefan Stella Sunil Talia Tamara Tara Tess Theo Thomas Tina Tomás Uma Valeria Vera Victor
    Vikram Violet Wade Wendy Wei Willa Xavier Yara Yasmin Yusuf Zara Zoë Zofia"""
)

LAST_NAMES: tuple[str, ...] = (
    *_words("""Abara Abbott Acosta Adeyemi Aguilar Ahmed Albrecht Alder Almeida Alvarez Amato Anand Andrade Arden Arias Ashby
    Bailey Baker Banerjee Barros Bauer Becker Bell Beltrán Benson Berg Bianchi Bishop Blackwood Boateng Bond Borg Bowman
    Brandt Brennan Briggs Brooks Bruno Burke Cabrera Cain Caldwell Calloway Campos Cardoso Carey Castillo Chan Chandra
    Chavez Cho Chowdhury Clarke Cohen Conrad Correa Costa Craft Crane Cruz Dalton Daniels Das Decker Delgado Desai Dias
    Diaz Dietrich Dixon Donovan Dorsey Doyle Drake Duarte Dunn Duran Ebert Edwards Egan Ellis Engel Erickson Espinosa
    Evans Farley Faulkner Fernández Ferrari Fields Finch Fischer Fletcher Flores Fontaine Fowler Franco Fraser Frost
    Fuentes Gallagher Garcia Garza Gibbs Gomes Gonzalez Goodwin Gray Greer Griffin Gupta Guzmán Haas Hale Hamid Hanson
    Harper Hart Hassan Hayes Heller Henriksen Herrera Hoffman Holt Horvath Huang Hughes Ibarra Ingram Iqbal Iyer Jacobs
    Jain Jansen Jensen Joshi Juarez Kane Kapoor Kaur Keller Kelly Khan Kim Klein Knox Kovács Kowalski Kramer Kumar Lang
    Larsen Lee Lehman Leon Levin Li Lin Lindgren Lopez Lowe Lund Lynch Maddox Malik Maldonado Mann Marino Marsh Martins
    Mason Mehta Mendes Mercer Meyer Mills Miranda Mitra Molina Montoya Moore Morales Moreno Moss Müller Nair Nash Navarro
    Ndiaye Nguyen Nielsen Nolan Novak Nunez Ochoa Odom Okafor Okoye Olsen Ortega Osborne Owens Pacheco Page Palmer Park
    Patel Pearce Peña Pereira Perez Petrov Pham Pierce Pineda Porter Powell Prasad Price Quintero Ramos Rao Reeves Reid
    Reyes Rhodes Ricci Rivera Robles Rojas Romano Rosen Rossi Rowe Ruiz Russo Salas Salinas Santos Sato Saunders Schmidt
    Schultz Serrano Shah Sharma Shaw Silva Singh Sloan Solís Soto Stein Stone Suarez Sutton Swan Tan Tanaka Tate Thorne
    Torres Tran Trujillo Tucker Underwood Valdez Vance Vargas Vega Velasco Voss Wade Wagner Walsh Wang Ward Weber Weiss
    Wells West Wolfe Wong Wright Wu Xu Yamada Yang Yates Young Zamora Zhang Zhou Ziegler Zimmer"""),
    "de la Cruz",
    "O'Brien",
    "O'Connor",
    "van den Berg",
    "Smith-Jones",
    "Al-Farsi",
)  # fmt: skip

TARGET_TITLES: tuple[str, ...] = (
    "Performance Marketing Manager",
    "Paid Media Manager",
    "Digital Marketing Manager",
    "PPC Manager",
    "SEM Manager",
    "Marketing Operations Manager",
    "Growth Marketing Manager",
    "Customer Acquisition Manager",
    "Media Buyer",
    "Ad Operations Manager",
)

OTHER_TITLES: tuple[str, ...] = (
    "Account Executive", "Content Strategist", "Brand Director", "Sales Development Representative", "Data Analyst",
    "SEO Specialist", "Product Designer", "Marketing Coordinator", "Communications Lead", "Event Producer",
    "Customer Success Lead", "Copywriter", "Public Relations Director", "Finance Partner", "Community Lead",
)  # fmt: skip

SHORT_TITLES: dict[str, tuple[str, ...]] = {
    "Performance Marketing Manager": (
        "Sr. Performance Mktg Mgr",
        "Head of Performance Marketing",
        "Perf. Marketing Mgr",
    ),
    "Paid Media Manager": ("Sr Paid Media Mgr", "Manager, Paid Media", "Paid Media Lead"),
    "Digital Marketing Manager": ("Digital Mktg Mgr", "Manager - Digital Marketing", "Sr. Digital Marketing Mgr"),
    "PPC Manager": ("Sr. PPC Mgr", "Pay-Per-Click Manager", "Paid Search Manager"),
    "SEM Manager": ("SEM Mgr", "Search Engine Marketing Manager", "Manager, SEM"),
    "Marketing Operations Manager": ("Marketing Ops Manager", "Mktg Operations Mgr", "Manager, Marketing Operations"),
    "Growth Marketing Manager": ("Growth Mktg Manager", "Sr. Growth Marketing Mgr", "Manager, Growth Marketing"),
    "Customer Acquisition Manager": (
        "Customer Acquisition Mgr",
        "Manager, Customer Acquisition",
        "Acquisition Manager",
    ),
    "Media Buyer": ("Sr. Media Buyer", "Senior Media Buyer", "Digital Media Buyer"),
    "Ad Operations Manager": ("Ad Ops Manager", "Advertising Operations Manager", "Ad Operations Mgr"),
}
"""How people write a target title when they do not spell it out."""

TITLE_DRESSES: tuple[str, ...] = (
    "Senior {title}", "Sr. {title}", "{title} @ {company}", "{title} (Contract)", "{title} | Google Ads Certified",
    "{title}, North America", "{title} 🚀", "{title} - B2B & B2C", "Lead {title}", "{title} / Analytics", "{title}  ",
)  # fmt: skip
"""Noise around a title that is meant."""

NOT_THE_TITLE: tuple[str, ...] = ("Former {title}", "Assistant to the {title}", "{title} Intern", "Retired {title}")
"""Texts that contain a title and do not mean it."""

NAME_DRESSES: tuple[str, ...] = (
    "{first} {last}, MBA", "{first} {last} 🚀", "{first} {last} (He/Him)", "{first} {last}, PMP®", "{first} {last} ✔",
    "Dr. {first} {last}", "{FIRST} {LAST}", "{first}  {last}",
)  # fmt: skip

COMPANY_WORDS: tuple[tuple[str, ...], tuple[str, ...]] = (
    _words(
        """Northwind Bluebird Copper Silverline Redwood Granite Harbor Lakeside Summit Evergreen Willow Falcon Juniper
        Maple Cobalt Amber Crescent Meridian Prairie Canyon Driftwood Ember Foxglove Glacier Hawthorn Indigo Jade
        Kestrel Lantern Marigold Nimbus Orchard Pebble Quarry Raven Saffron Timber Umber Velvet Wren Yarrow Zephyr
        Alpine Beacon Cedar Dune Everbright Fernwood Goldleaf Highland Ironwood Keystone Lunar Mosaic Nova Opal
        Pinecrest Quill Riverbend Solstice Thistle Unity Vista Westbrook Arrow Birch"""
    ),
    _words(
        """Commerce Labs Media Retail Outfitters Digital Goods Brands Software Analytics Collective Studio Kitchen
        Wellness Apparel Supply Interactive Market Systems Partners Cloud Home Travel Fitness Coffee Beauty Pet
        Furniture Gear Foods Agency Ventures Technologies Payments Health Learning Bikes Books Toys Optics"""
    ),
)

INDUSTRIES: tuple[tuple[str, str], ...] = (
    ("Advertising Services", "Media"),
    ("Software Development", "Information Technology"),
    ("Retail", "Consumer Discretionary"),
    ("Technology, Information and Internet", "Information Technology"),
    ("Retail Apparel and Fashion", "Consumer Discretionary"),
    ("Consumer Services", "Consumer Discretionary"),
    ("Financial Services", "Financials"),
    ("Wellness and Fitness Services", "Health Care"),
    ("Food and Beverage Services", "Consumer Staples"),
    ("E-Learning Providers", "Consumer Discretionary"),
)
"""LinkedIn industry and the sector above it."""

SIZE_BANDS: tuple[tuple[str, int, int], ...] = (
    ("1-10", 1, 10), ("11-50", 11, 50), ("51-200", 51, 200), ("201-500", 201, 500), ("501-1000", 501, 1000),
    ("1001-5000", 1001, 5000), ("5001-10000", 5001, 10000), ("10001+", 10001, 60000),
)  # fmt: skip
SIZE_WEIGHTS: tuple[int, ...] = (6, 18, 28, 20, 12, 10, 4, 2)

LEGAL_FORMS: tuple[str, ...] = ("{name}, Inc.", "{name} LLC", "{name} Inc", "{NAME}", "The {name} Company")
