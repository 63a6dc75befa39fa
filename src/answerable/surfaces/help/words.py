"""The help centre's own words, in each language that it speaks."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Words:
    """What stands around the articles."""

    help_centre: str
    greeting: str
    search: str
    search_label: str
    found: str
    nothing: str
    all_articles: str
    other: str
    updated: str
    related: str
    also_in: str
    missing: str
    missing_why: str
    empty: str
    empty_why: str
    skip: str
    months: tuple[str, ...]
    date: str = "{day} {month} {year}"

    def written(self, at: datetime) -> str:
        """A date as people write it."""
        return self.date.format(day=at.day, month=self.months[at.month - 1], year=at.year)


ENGLISH = Words(
    help_centre="Help centre",
    greeting="How can we help?",
    search="Search",
    search_label="Search the help centre",
    found="What we found for “{}”",
    nothing="Nothing here answers that. Try other words, or ask us.",
    all_articles="All {} articles",
    other="More",
    updated="Updated on {}",
    related="Related articles",
    also_in="Also in",
    missing="This page is not here",
    missing_why="It may have moved or been taken down. Search for it, or start from the beginning.",
    empty="There are no articles yet.",
    empty_why="If you run this help centre: bring in what you know with `answerable import FOLDER`, or from a "
    "site in the console, under Knowledge. It shows here at once.",
    skip="Skip to the content",
    months=(
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
)  # fmt: skip

WORDS = {
    "en": ENGLISH,
    "de": Words(
        help_centre="Hilfe",
        greeting="Wie können wir helfen?",
        search="Suchen",
        search_label="In der Hilfe suchen",
        found="Gefunden zu „{}“",
        nothing="Dazu steht hier nichts. Versuchen Sie andere Wörter, oder fragen Sie uns.",
        all_articles="Alle {} Artikel",
        other="Weiteres",
        updated="Stand: {}",
        related="Verwandte Artikel",
        also_in="Auch auf",
        missing="Diese Seite gibt es nicht",
        missing_why="Sie ist umgezogen oder wurde entfernt. Suchen Sie danach, oder beginnen Sie von vorn.",
        empty="Noch gibt es keine Artikel.",
        empty_why="Wenn Sie diese Hilfe betreiben: Holen Sie Ihr Wissen mit `answerable import ORDNER` herein, "
        "oder von einer Website in der Konsole, unter Knowledge. Es erscheint hier sofort.",
        skip="Zum Inhalt",
        months=(
            "Januar", "Februar", "März", "April", "Mai", "Juni",
            "Juli", "August", "September", "Oktober", "November", "Dezember",
        ),
        date="{day}. {month} {year}",
    ),
    "es": Words(
        help_centre="Centro de ayuda",
        greeting="¿En qué podemos ayudar?",
        search="Buscar",
        search_label="Buscar en el centro de ayuda",
        found="Resultados para «{}»",
        nothing="Aquí no hay respuesta. Pruebe otras palabras o pregúntenos.",
        all_articles="Los {} artículos",
        other="Más",
        updated="Actualizado el {}",
        related="Artículos relacionados",
        also_in="También en",
        missing="Esta página no está aquí",
        missing_why="Puede haberse movido o retirado. Búsquela o empiece desde el principio.",
        empty="Todavía no hay artículos.",
        empty_why="Si este centro de ayuda es suyo: traiga lo que sabe con `answerable import CARPETA`, o desde "
        "un sitio en la consola, en Knowledge. Aparece aquí enseguida.",
        skip="Ir al contenido",
        months=(
            "enero", "febrero", "marzo", "abril", "mayo", "junio",
            "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
        ),
        date="{day} de {month} de {year}",
    ),
    "fr": Words(
        help_centre="Centre d'aide",
        greeting="Comment pouvons-nous aider ?",
        search="Rechercher",
        search_label="Rechercher dans le centre d'aide",
        found="Résultats pour « {} »",
        nothing="Rien ici n'y répond. Essayez d'autres mots, ou demandez-nous.",
        all_articles="Les {} articles",
        other="Autres",
        updated="Mis à jour le {}",
        related="Articles liés",
        also_in="Aussi en",
        missing="Cette page n'est pas ici",
        missing_why="Elle a peut-être été déplacée ou retirée. Cherchez-la, ou repartez du début.",
        empty="Il n'y a pas encore d'articles.",
        empty_why="Si ce centre d'aide est le vôtre : importez vos connaissances avec `answerable import "
        "DOSSIER`, ou depuis un site dans la console, sous Knowledge. Elles s'affichent ici aussitôt.",
        skip="Aller au contenu",
        months=(
            "janvier", "février", "mars", "avril", "mai", "juin",
            "juillet", "août", "septembre", "octobre", "novembre", "décembre",
        ),
    ),
}  # fmt: skip

LANGUAGE_NAMES = {
    "ar": "العربية", "cs": "Čeština", "da": "Dansk", "de": "Deutsch", "en": "English", "es": "Español",
    "fi": "Suomi", "fr": "Français", "he": "עברית", "hi": "हिन्दी", "it": "Italiano", "ja": "日本語", "ko": "한국어",
    "nl": "Nederlands", "pl": "Polski", "pt": "Português", "ru": "Русский", "sv": "Svenska", "tr": "Türkçe",
    "uk": "Українська", "zh": "中文",
}  # fmt: skip

RIGHT_TO_LEFT = {"ar", "fa", "he", "ur"}


def words_in(language: str) -> Words:
    """The words of a language, English where we do not have them."""
    return WORDS.get(language.partition("-")[0].lower(), ENGLISH)


def language_name(language: str) -> str:
    """What those who speak it call it."""
    return LANGUAGE_NAMES.get(language.partition("-")[0].lower(), language)


def direction(language: str) -> str:
    """Which way it is written: `ltr` or `rtl`."""
    return "rtl" if language.partition("-")[0].lower() in RIGHT_TO_LEFT else "ltr"
