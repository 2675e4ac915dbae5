"""Seed data of the sandbox: plans of the invented issuers' products.

A plan describes a product; :mod:`korus.sandbox.catalogue` turns plans into offers with dates, ids and stock. The venues
cover every kind of offer: whole-day and session tickets, both in one offer, forms, moving prices, free offers, open
dates, unlimited stock, a disabled base, and a catalogue that is not granted.
"""

from __future__ import annotations

from attrs import evolve, field, frozen

from korus._core.field_types import FIELD_TYPES

__all__ = [
    "CATALOGS",
    "FORMS",
    "WEEKDAYS",
    "BasePlan",
    "CatalogPlan",
    "ChoicePlan",
    "FieldPlan",
    "FormPlan",
    "OptionPlan",
    "ProductPlan",
    "SessionPlan",
    "Text",
    "TicketPlan",
    "Venue",
    "guided_walks",
]

WEEKDAYS: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
SATURDAY, SUNDAY = 5, 6


@frozen
class Text:
    """One text in the languages of the sandbox."""

    en: str
    fr: str

    def in_language(self, language: str) -> str:
        """Return the text in ``fr``, else in English."""
        return self.fr if language == "fr" else self.en


@frozen
class ChoicePlan:
    """A value that a choice field allows."""

    code: str
    label: Text


@frozen
class FieldPlan:
    """A field of a form; ``type`` is one of `FIELD_TYPES`."""

    code: str
    label: Text
    type: str
    required: bool = False
    choices: tuple[ChoicePlan, ...] = ()


@frozen
class FormPlan:
    """A form that an issuer requires with a reservation."""

    code: str
    fields: tuple[FieldPlan, ...]


@frozen
class SessionPlan:
    """Start times (local, ``HH:MM``) and the places of each."""

    times: tuple[str, ...]
    capacity: int


@frozen
class TicketPlan:
    """A ticket of an offer: whole-day without ``sessions``, else bound to one of them."""

    code: str
    name: Text
    description: Text
    sessions: SessionPlan | None = None
    form: str | None = None


@frozen
class ProductPlan:
    """One sellable variant: its price in cents, its tickets, its stock per day (None: no limit known)."""

    code: str
    name: Text
    price: int
    tickets: tuple[TicketPlan, ...]
    capacity: int | None
    options: tuple[tuple[str, str], ...] = ()
    original_price: int | None = None
    dynamic: bool = False
    weekdays: tuple[int, ...] = WEEKDAYS
    dated: bool = True
    disabled: bool = False
    description: Text = Text("", "")


@frozen
class OptionPlan:
    """A dimension in which a base's products differ, and its positions: code and label."""

    code: str
    label: Text
    values: tuple[tuple[str, Text], ...]


@frozen
class BasePlan:
    """A heading for products.

    ``names`` is who must be named: ``none``, ``lead`` (one ticket of an order item) or ``each``; ``required`` the
    fields of a beneficiary.
    """

    code: str
    name: Text
    description: Text
    products: tuple[ProductPlan, ...]
    options: tuple[OptionPlan, ...] = ()
    universe: str = "attraction"
    disabled: bool = False
    instant: bool = True
    maximum: int | None = None
    names: str = "none"
    required: tuple[str, ...] = ()
    amendable: bool = True


@frozen
class Venue:
    """A venue; coordinates are decimal degrees as text."""

    name: str
    line1: str
    postal_code: str
    city: str
    country: str
    phone: str
    website: str
    latitude: str
    longitude: str


@frozen
class CatalogPlan:
    """One issuer's products, time zone, language, and duration of holds (minutes)."""

    code: str
    name: Text
    reference: str
    timezone: str
    language: str
    tax_percent: int
    hold_minutes: int
    states_net_prices: bool
    venue: Venue
    bases: tuple[BasePlan, ...] = field(factory=tuple)
    granted: bool = True


def _option(code: str, en: str, fr: str, *values: tuple[str, str, str]) -> OptionPlan:
    return OptionPlan(code, Text(en, fr), tuple((value, Text(v_en, v_fr)) for value, v_en, v_fr in values))


_ADULT = ("adult", "Adult", "Adulte")
_CHILD = ("child", "Child (4 to 11)", "Enfant (4 à 11 ans)")
_SENIOR = ("senior", "Senior (65 and over)", "Senior (65 ans et plus)")
_PRICE_TYPE = _option("price_type", "Price type", "Type de tarif", _ADULT, _CHILD, _SENIOR)

_FORMS: tuple[FormPlan, ...] = (
    FormPlan(
        "workshop_details",
        (
            FieldPlan("allergies", Text("Allergies", "Allergies"), "text", required=True),
            FieldPlan("seats", Text("Seats at the table", "Places à table"), "integer", required=True),
            FieldPlan("first_visit", Text("First visit", "Première visite"), "bool"),
            FieldPlan("deposit", Text("Deposit in euros", "Acompte en euros"), "decimal"),
            FieldPlan("birthday", Text("Birthday to celebrate", "Anniversaire à fêter"), "date"),
            FieldPlan("lunch_at", Text("Lunch at", "Déjeuner à"), "time"),
            FieldPlan("arrival", Text("Arrival", "Arrivée"), "datetime"),
            FieldPlan(
                "paper",
                Text("Colour of the paper", "Couleur du papier"),
                "single_choice",
                choices=(
                    ChoicePlan("red", Text("Red", "Rouge")),
                    ChoicePlan("gold", Text("Gold", "Or")),
                    ChoicePlan("indigo", Text("Indigo", "Indigo")),
                ),
            ),
            FieldPlan(
                "extras",
                Text("Extras", "Suppléments"),
                "multi_choice",
                choices=(
                    ChoicePlan("tea", Text("Tea", "Thé")),
                    ChoicePlan("cake", Text("Cake", "Gâteau")),
                    ChoicePlan("photo", Text("Photograph", "Photographie")),
                ),
            ),
        ),
    ),
    FormPlan(
        "visitor_details",
        (
            FieldPlan("contact", Text("Person to call", "Personne à appeler"), "text", required=True),
            FieldPlan("swims", Text("Can swim", "Sait nager"), "bool", required=True),
            FieldPlan(
                "height", Text("Height in centimetres", "Taille en centimètres"), "integer", required=True
            ),
            FieldPlan("shoe_size", Text("Shoe size", "Pointure"), "decimal", required=True),
            FieldPlan("born_on", Text("Born on", "Né le"), "date", required=True),
            FieldPlan("wake_at", Text("Wake-up call", "Réveil à"), "time", required=True),
            FieldPlan("pick_up", Text("Picked up at", "Récupéré le"), "datetime", required=True),
            FieldPlan(
                "meal",
                Text("Meal", "Repas"),
                "single_choice",
                required=True,
                choices=(
                    ChoicePlan("plain", Text("Plain", "Classique")),
                    ChoicePlan("vegan", Text("Vegan", "Végan")),
                ),
            ),
            FieldPlan(
                "interests",
                Text("Interests", "Centres d'intérêt"),
                "multi_choice",
                required=True,
                choices=(
                    ChoicePlan("clocks", Text("Clocks", "Horloges")),
                    ChoicePlan("masks", Text("Masks", "Masques")),
                    ChoicePlan("maps", Text("Maps", "Cartes")),
                ),
            ),
        ),
    ),
)


def _with_every_type(plan: FormPlan) -> FormPlan:
    """Add a field of each type that the plan leaves out; optional, so that what answers the others stays complete."""
    missing = [name for name in FIELD_TYPES if name not in {field.type for field in plan.fields}]
    added = (FieldPlan(name, Text(name, name), name) for name in missing)
    return evolve(plan, fields=(*plan.fields, *added))


FORMS: tuple[FormPlan, ...] = tuple(map(_with_every_type, _FORMS))
"""The two forms; each has all field types, the second requires those that are written above."""

_ADMISSION = TicketPlan("admission", Text("Admission", "Entrée"), Text("One entry", "Une entrée"))
_WORKSHOP_PLACE = TicketPlan(
    "place",
    Text("Workshop place", "Place à l'atelier"),
    Text("A bench, paper, a lamp", "Un banc, du papier, une lampe"),
    SessionPlan(("10:30", "14:00", "16:30"), 24),
    "workshop_details",
)
_BOAT = TicketPlan(
    "boat",
    Text("Boat among the lanterns", "Barque parmi les lanternes"),
    Text("Twenty minutes on the lake", "Vingt minutes sur le lac"),
    SessionPlan(("18:30", "19:15", "20:00", "20:45"), 16),
)
_TOUR = TicketPlan(
    "tour",
    Text("Guided tour", "Visite guidée"),
    Text("Tunnel, benches, lawn", "Tunnel, bancs, pelouse"),
    SessionPlan(("10:00", "11:00", "12:00", "14:00", "15:00", "16:00"), 20),
)
_SEAT = TicketPlan("seat", Text("Seat", "Place assise"), Text("One seat, one match", "Une place, un match"))
_NIGHT = TicketPlan(
    "night",
    Text("Night among the exhibits", "Nuit parmi les objets"),
    Text("Camp bed, lamp, breakfast", "Lit de camp, lampe, petit déjeuner"),
    SessionPlan(("20:00",), 30),
    "visitor_details",
)


def _day_visit(code: str, en: str, fr: str, days: int, price: int, *, dynamic: bool = False) -> ProductPlan:
    span_en, span_fr = ("one day", "un jour") if days == 1 else ("two days", "deux jours")
    return ProductPlan(
        f"day_{days}_{code}",
        Text(f"Lantern Park, {span_en}, {en}", f"Parc des Lanternes, {span_fr}, {fr}"),
        price,
        (_ADMISSION,),
        2500,
        (("price_type", code), ("days_count", str(days))),
        original_price=None if days == 1 else price * 112 // 100,
        dynamic=dynamic,
        description=Text("Admission for one visitor.<br>", "Entrée pour un visiteur.<br>"),
    )


_PARK = CatalogPlan(
    "park",
    Text("Lantern Park", "Parc des Lanternes"),
    "LANTRN",
    "Europe/Paris",
    "en",
    10,
    15,
    states_net_prices=True,
    venue=Venue(
        "Lantern Park",
        "1 quai des Lampions",
        "44999",
        "Port-Imaginaire",
        "FR",
        "+33199000101",
        "https://lantern-park.example",
        "47.2102",
        "-1.5630",
    ),
    bases=(
        BasePlan(
            "workshop",
            Text("Lantern workshop", "Atelier lanternes"),
            Text(
                "<p>Two hours, one lantern to take home.</p>", "<p>Deux heures, une lanterne à emporter.</p>"
            ),
            (
                ProductPlan(
                    "workshop_adult",
                    Text("Lantern workshop, adult", "Atelier lanternes, adulte"),
                    2400,
                    (_WORKSHOP_PLACE,),
                    None,
                    (("price_type", "adult"),),
                ),
                ProductPlan(
                    "workshop_child",
                    Text("Lantern workshop, child", "Atelier lanternes, enfant"),
                    1600,
                    (_WORKSHOP_PLACE,),
                    None,
                    (("price_type", "child"),),
                ),
            ),
            (_PRICE_TYPE,),
            universe="activity",
            maximum=8,
            names="lead",
            required=("firstname", "lastname"),
        ),
        BasePlan(
            "day_visit",
            Text("Day visit", "Visite à la journée"),
            Text(
                "<p>The whole park, from ten until dusk.</p>",
                "<p>Tout le parc, de dix heures au crépuscule.</p>",
            ),
            (
                _day_visit("adult", "adult", "adulte", 1, 3650, dynamic=True),
                _day_visit("child", "child", "enfant", 1, 2450),
                _day_visit("senior", "senior", "senior", 1, 2900),
                _day_visit("adult", "adult", "adulte", 2, 5800, dynamic=True),
                _day_visit("child", "child", "enfant", 2, 3900),
                _day_visit("senior", "senior", "senior", 2, 4600),
            ),
            (
                _PRICE_TYPE,
                _option(
                    "days_count",
                    "Days",
                    "Jours",
                    ("1", "One day", "Un jour"),
                    ("2", "Two days", "Deux jours"),
                ),
            ),
        ),
        BasePlan(
            "evening",
            Text("Evening by the lake", "Soirée au bord du lac"),
            Text(
                "<p>Admission from five, and a boat.</p>", "<p>Entrée dès dix-sept heures, et une barque.</p>"
            ),
            (
                ProductPlan(
                    "evening_boat",
                    Text("Evening admission with boat", "Soirée avec barque"),
                    3200,
                    (_ADMISSION, _BOAT),
                    60,
                    weekdays=(4, SATURDAY, SUNDAY),
                    original_price=3800,
                ),
            ),
            universe="show",
            maximum=6,
        ),
        BasePlan(
            "open",
            Text("Open-dated gift ticket", "Billet cadeau non daté"),
            Text("<p>Any day, for two years.</p>", "<p>N'importe quel jour, pendant deux ans.</p>"),
            (
                ProductPlan(
                    "open_adult",
                    Text("Gift ticket", "Billet cadeau"),
                    4200,
                    (_ADMISSION,),
                    None,
                    dated=False,
                ),
            ),
        ),
        BasePlan(
            "rink",
            Text("Ice rink (closed for works)", "Patinoire (fermée pour travaux)"),
            Text("", ""),
            (
                ProductPlan(
                    "rink_adult",
                    Text("Ice rink, adult", "Patinoire, adulte"),
                    900,
                    (_ADMISSION,),
                    0,
                    weekdays=(SUNDAY,),
                    disabled=True,
                ),
            ),
            disabled=True,
        ),
    ),
)


_ZONES = {
    "north": ("north stand", "tribune nord"),
    "south": ("south stand", "tribune sud"),
    "box": ("box", "loge"),
}


def _match(base: str, zone: str, category: str, price: int, capacity: int) -> ProductPlan:
    cup = base == "cup"
    title_en, title_fr = ("Cup night", "Soirée de coupe") if cup else ("Home match", "Match à domicile")
    zone_en, zone_fr = _ZONES[zone]
    return ProductPlan(
        f"{base}_{zone}_{category}",
        Text(f"{title_en}, {zone_en}, {category}", f"{title_fr}, {zone_fr}, {category}"),
        price,
        (_SEAT,),
        capacity,
        (("zone", zone), ("seating_category", category)),
        dynamic=True,
        weekdays=(2,) if cup else (SATURDAY,),
    )


_SEATING = (
    _option(
        "seating_category",
        "Seating category",
        "Catégorie",
        ("gold", "Gold", "Or"),
        ("silver", "Silver", "Argent"),
    ),
    _option(
        "zone",
        "Zone",
        "Zone",
        ("north", "North stand", "Tribune nord"),
        ("south", "South stand", "Tribune sud"),
        ("box", "Box", "Loge"),
    ),
)
_NAMED_SEAT = ("firstname", "lastname", "dateOfBirth", "nationality")

_STADIUM = CatalogPlan(
    "stadium",
    Text("Vega Stadium", "Stade Vega"),
    "VEGA",
    "Europe/Lisbon",
    "en",
    20,
    10,
    states_net_prices=True,
    venue=Venue(
        "Vega Stadium",
        "Rua do Apito 11",
        "7099-999",
        "Évora-a-Nova",
        "PT",
        "+351990000202",
        "https://vega-stadium.example",
        "38.5710",
        "-7.9096",
    ),
    bases=(
        BasePlan(
            "league",
            Text("Home matches", "Matchs à domicile"),
            Text("<p>Every Saturday of the season.</p>", "<p>Chaque samedi de la saison.</p>"),
            (
                _match("league", "north", "gold", 6500, 40),
                _match("league", "north", "silver", 4500, 120),
                _match("league", "south", "gold", 7000, 40),
                _match("league", "south", "silver", 4800, 120),
                _match("league", "box", "gold", 19000, 4),
            ),
            _SEATING,
            universe="sport",
            maximum=4,
            names="each",
            required=_NAMED_SEAT,
        ),
        BasePlan(
            "cup",
            Text("Cup nights", "Soirées de coupe"),
            Text("<p>Tickets come two days before.</p>", "<p>Billets envoyés deux jours avant.</p>"),
            (
                _match("cup", "north", "silver", 5200, 80),
                _match("cup", "south", "silver", 5600, 80),
            ),
            _SEATING,
            universe="sport",
            instant=False,
            maximum=4,
            names="each",
            required=("firstname", "lastname"),
            amendable=False,
        ),
        BasePlan(
            "tour",
            Text("Stadium tour", "Visite du stade"),
            Text("<p>An hour behind the scenes.</p>", "<p>Une heure en coulisses.</p>"),
            (
                ProductPlan(
                    "tour_adult",
                    Text("Stadium tour, adult", "Visite du stade, adulte"),
                    1800,
                    (_TOUR,),
                    None,
                    (("price_type", "adult"),),
                ),
                ProductPlan(
                    "tour_child",
                    Text("Stadium tour, child", "Visite du stade, enfant"),
                    1100,
                    (_TOUR,),
                    None,
                    (("price_type", "child"),),
                ),
            ),
            (_PRICE_TYPE,),
            universe="activity",
        ),
    ),
)

_OPEN_DAYS = (1, 2, 3, 4, SATURDAY, SUNDAY)

_MUSEUM = CatalogPlan(
    "museum",
    Text("Museum of Quiet Things", "Musée des Choses Calmes"),
    "QUIET",
    "Europe/Paris",
    "fr",
    6,
    20,
    states_net_prices=False,
    venue=Venue(
        "Musée des Choses Calmes",
        "7 passage du Silence",
        "69998",
        "Lumière-sur-Onde",
        "FR",
        "+33499000303",
        "https://quiet-things.example",
        "45.7600",
        "4.8400",
    ),
    bases=(
        BasePlan(
            "collection",
            Text("Permanent collection", "Collection permanente"),
            Text("<p>Closed on Mondays.</p>", "<p>Fermé le lundi.</p>"),
            (
                ProductPlan(
                    "collection_full",
                    Text("Collection, full price", "Collection, plein tarif"),
                    1400,
                    (_ADMISSION,),
                    None,
                    (("price_type", "adult"),),
                    weekdays=_OPEN_DAYS,
                ),
                ProductPlan(
                    "collection_reduced",
                    Text("Collection, reduced", "Collection, tarif réduit"),
                    900,
                    (_ADMISSION,),
                    None,
                    (("price_type", "senior"),),
                    weekdays=_OPEN_DAYS,
                    original_price=1400,
                ),
                ProductPlan(
                    "collection_free",
                    Text("Collection, under 12, free", "Collection, moins de 12 ans, gratuit"),
                    0,
                    (_ADMISSION,),
                    None,
                    (("price_type", "child"),),
                    weekdays=_OPEN_DAYS,
                ),
            ),
            (_PRICE_TYPE,),
            universe="museum",
        ),
        BasePlan(
            "exhibition",
            Text("Exhibition: the history of the cushion", "Exposition : l'histoire du coussin"),
            Text("<p>Two hundred cushions.</p>", "<p>Deux cents coussins.</p>"),
            (
                ProductPlan(
                    "exhibition_full",
                    Text("Exhibition, full price", "Exposition, plein tarif"),
                    1700,
                    (_ADMISSION,),
                    180,
                    dynamic=True,
                    weekdays=_OPEN_DAYS,
                ),
            ),
            universe="museum",
        ),
        BasePlan(
            "night",
            Text("A night at the museum", "Une nuit au musée"),
            Text("<p>For ages seven and up.</p>", "<p>À partir de sept ans.</p>"),
            (
                ProductPlan(
                    "night_place",
                    Text("A night at the museum", "Une nuit au musée"),
                    5900,
                    (_NIGHT,),
                    None,
                    weekdays=(4, SATURDAY),
                ),
            ),
            universe="activity",
            maximum=6,
            names="each",
            required=("firstname", "lastname", "dateOfBirth"),
        ),
    ),
)

_AQUARIUM = CatalogPlan(
    "aquarium",
    Text("Harbour Aquarium", "Aquarium du Port"),
    "HARBOR",
    "Europe/Lisbon",
    "en",
    10,
    15,
    states_net_prices=True,
    venue=Venue(
        "Harbour Aquarium",
        "Cais 3",
        "2999-001",
        "Cabo Inventado",
        "PT",
        "+351990000404",
        "https://harbour-aquarium.example",
        "38.4400",
        "-9.1100",
    ),
    bases=(
        BasePlan(
            "visit",
            Text("Aquarium visit", "Visite de l'aquarium"),
            Text("", ""),
            (
                ProductPlan(
                    "visit_adult",
                    Text("Aquarium, adult", "Aquarium, adulte"),
                    2100,
                    (_ADMISSION,),
                    300,
                    weekdays=(SATURDAY,),
                ),
            ),
        ),
    ),
    granted=False,
)

CATALOGS: tuple[CatalogPlan, ...] = (_PARK, _STADIUM, _MUSEUM, _AQUARIUM)
"""Every catalogue; the last is not granted to the sandbox's organisation."""

_WALK_THEMES = (
    ("owls", "hiboux"),
    ("bridges", "ponts"),
    ("moss", "mousses"),
    ("echoes", "échos"),
    ("kites", "cerfs-volants"),
    ("wells", "puits"),
    ("weather", "météo"),
    ("bells", "cloches"),
    ("ferns", "fougères"),
    ("shadows", "ombres"),
)


def guided_walks(first: int, count: int) -> BasePlan:
    """Return one more base of daily walks, so that a catalogue can be made as large as a benchmark wants.

    Args:
        first: The number of the first walk.
        count: How many walks are still needed; a base has at most ten.
    """
    route = first // len(_WALK_THEMES) + 1
    return BasePlan(
        f"walks_{route}",
        Text(f"Guided walks, route {route}", f"Promenades guidées, parcours {route}"),
        Text("<p>An hour on foot.</p>", "<p>Une heure à pied.</p>"),
        tuple(
            ProductPlan(
                f"walk_{route}_{index}",
                Text(f"Walk: {en}, route {route}", f"Promenade : {fr}, parcours {route}"),
                900 + 50 * index,
                (_ADMISSION,),
                40,
                description=Text("One hour on foot.", "Une heure à pied."),
            )
            for index, (en, fr) in enumerate(_WALK_THEMES[:count])
        ),
        universe="activity",
    )
