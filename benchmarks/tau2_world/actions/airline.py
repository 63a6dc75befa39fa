"""What agents of the airline can do, and what its clauses need to know of it."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec

from answerable.actions.declaring import Doing, Limits, action
from answerable.domain.money import Money, money

from ._outside import Told, answer, own_user, row, use, used_before

NOW = datetime(2024, 5, 15, 15, tzinfo=UTC)
"""The time at the airline, as its policy says; all of its times are of the same zone."""
FREE_BAGS = {
    "regular": {"basic_economy": 0, "economy": 1, "business": 2},
    "silver": {"basic_economy": 1, "economy": 2, "business": 3},
    "gold": {"basic_economy": 2, "economy": 3, "business": 4},
}
FLOWN = ("landed", "flying")
PEOPLE_MAX = 5
MOST_OF = {"certificate": 1, "credit_card": 1, "gift_card": 3}
# The policy names no limits; a desk that gives money away must have some.
LIMITS = Limits(per_call={"USD": "20000.00"}, per_customer_a_day={"USD": "40000.00"}, per_day={"USD": "200000.00"})
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Code = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
Date = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
FlightNumber = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}[0-9]{3}$")]
ReservationId = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9]{6}$", description="Such as ZFA04Y.")]
Bags = Annotated[int, msgspec.Meta(ge=0, le=50)]
Cabin = Literal["business", "economy", "basic_economy"]
Facts = Mapping[str, Any]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked for."""


class Nothing(Record, frozen=True):
    """No arguments."""


class UserWanted(Record, frozen=True):
    """A user."""

    user_id: Word


class ReservationWanted(Record, frozen=True):
    """A reservation."""

    reservation_id: ReservationId


class FlightWanted(Record, frozen=True):
    """A flight on a day."""

    flight_number: FlightNumber
    date: Date


class Search(Record, frozen=True):
    """From where to where, on which day."""

    origin: Code
    destination: Code
    date: Date


class Sum(Record, frozen=True):
    """Something to calculate."""

    expression: Word


class Transfer(Record, frozen=True):
    """Why a person is needed."""

    summary: Annotated[str, msgspec.Meta(max_length=2000)]


class Passenger(Record, frozen=True):
    """Who flies."""

    first_name: Word
    last_name: Word
    dob: Date


class Payment(Record, frozen=True):
    """How much of the price is paid how, in whole dollars."""

    payment_id: Word
    amount: Annotated[int, msgspec.Meta(ge=0, le=20_000)]


class Booking(Record, frozen=True):
    """A new reservation."""

    user_id: Word
    origin: Code
    destination: Code
    flight_type: Literal["round_trip", "one_way"]
    cabin: Cabin
    flights: Annotated[list[FlightWanted], msgspec.Meta(min_length=1, max_length=8)]
    passengers: Annotated[list[Passenger], msgspec.Meta(min_length=1, max_length=9)]
    payment_methods: Annotated[list[Payment], msgspec.Meta(min_length=1, max_length=10)]
    total_baggages: Bags
    nonfree_baggages: Bags
    insurance: Literal["yes", "no"]


class NewFlights(Record, frozen=True):
    """All flights of a reservation as they shall be, and its cabin."""

    reservation_id: ReservationId
    cabin: Cabin
    flights: Annotated[list[FlightWanted], msgspec.Meta(min_length=1, max_length=8)]
    payment_id: Word


class NewBags(Record, frozen=True):
    """How many bags there shall be, and how many of them are paid for."""

    reservation_id: ReservationId
    total_baggages: Bags
    nonfree_baggages: Bags
    payment_id: Word


class NewPassengers(Record, frozen=True):
    """Who flies."""

    reservation_id: ReservationId
    passengers: Annotated[list[Passenger], msgspec.Meta(min_length=1, max_length=9)]


class Certificate(Record, frozen=True):
    """A travel certificate."""

    user_id: Word
    amount: Annotated[int, msgspec.Meta(ge=1, le=20_000)]


# -- what clauses need to know ---------------------------------------------------------------------------------------


async def about_user(doing: Doing, wanted: Any) -> Facts:
    """Whether it is about the user who asks."""
    return {"is_own": (await own_user(doing))["user_id"] == wanted.user_id}


async def about_reservation(doing: Doing, wanted: Any) -> Facts:
    """Whether it is the user's own."""
    return {"is_own": await _own_reservation(doing, wanted) is not None}


async def about_booking(doing: Doing, wanted: Booking) -> Facts:
    """Who flies, how it is paid, and which bags are free."""
    user = await own_user(doing)
    if user["user_id"] != wanted.user_id:
        return {"is_own": False}
    methods = [user["payment_methods"].get(each.payment_id) for each in wanted.payment_methods]
    kinds = Counter(each["source"] for each in methods if each is not None)
    return {
        "is_own": True,
        "people": len(wanted.passengers),
        "is_own_method": all(each is not None for each in methods),
        "has_too_many_of_a_method": any(kinds[kind] > most for kind, most in MOST_OF.items()),
        "pays_for_the_right_bags": wanted.nonfree_baggages
        == _bags_to_pay(user, wanted.cabin, len(wanted.passengers), wanted.total_baggages),
        "goes_where_it_says": await _goes(doing, wanted.flights, wanted.flight_type)
        == (wanted.origin, wanted.destination),
    }


async def about_new_flights(doing: Doing, wanted: NewFlights) -> Facts:
    """What is changed of a reservation, and whether it may be."""
    reservation = await _own_reservation(doing, wanted)
    if reservation is None:
        return {"is_own": False}
    user = await own_user(doing)
    before = [(each["flight_number"], each["date"]) for each in reservation["flights"]]
    changes_flights = before != [(each.flight_number, each.date) for each in wanted.flights]
    changes_cabin = wanted.cabin != reservation["cabin"]
    is_flown = await _is_flown(doing, reservation)
    way = await _goes(doing, wanted.flights, reservation["flight_type"])
    return {
        "is_own": True,
        "is_cancelled": reservation.get("status") == "cancelled",
        "changes_flights_of_basic_economy": changes_flights and reservation["cabin"] == "basic_economy",
        "changes_cabin_after_flying": changes_cabin and is_flown,
        "keeps_its_way": not changes_flights or way == (reservation["origin"], reservation["destination"]),
        **_about_method(user, wanted.payment_id),
    }


async def about_new_bags(doing: Doing, wanted: NewBags) -> Facts:
    """Whether bags are added, and the right ones paid for."""
    reservation = await _own_reservation(doing, wanted)
    if reservation is None:
        return {"is_own": False}
    user = await own_user(doing)
    to_pay = _bags_to_pay(user, reservation["cabin"], len(reservation["passengers"]), wanted.total_baggages)
    return {
        "is_own": True,
        "is_cancelled": reservation.get("status") == "cancelled",
        "removes_bags": wanted.total_baggages < reservation["total_baggages"],
        # What was paid for once stays paid for.
        "pays_for_the_right_bags": wanted.nonfree_baggages == max(to_pay, reservation["nonfree_baggages"]),
        **_about_method(user, wanted.payment_id),
    }


async def about_new_passengers(doing: Doing, wanted: NewPassengers) -> Facts:
    """Whether as many fly as before."""
    reservation = await _own_reservation(doing, wanted)
    if reservation is None:
        return {"is_own": False}
    return {
        "is_own": True,
        "is_cancelled": reservation.get("status") == "cancelled",
        "are_as_many": len(wanted.passengers) == len(reservation["passengers"]),
    }


async def about_cancelling(doing: Doing, wanted: ReservationWanted) -> Facts:
    """Which of the reasons there is to cancel it."""
    reservation = await _own_reservation(doing, wanted)
    if reservation is None:
        return {"is_own": False}
    age = NOW - datetime.fromisoformat(reservation["created_at"]).replace(tzinfo=UTC)
    is_new, is_business = age <= timedelta(hours=24), reservation["cabin"] == "business"
    is_off = "cancelled" in await _statuses(doing, reservation)
    has_insurance = reservation["insurance"] == "yes"
    return {
        "is_own": True,
        "is_cancelled": reservation.get("status") == "cancelled",
        "is_flown": await _is_flown(doing, reservation),
        "is_booked_within_a_day": is_new,
        "is_cancelled_by_airline": is_off,
        "is_business": is_business,
        "has_insurance": has_insurance,
        "rests_on_insurance_alone": has_insurance and not (is_new or is_off or is_business),
    }


async def about_certificate(doing: Doing, wanted: Certificate) -> Facts:
    """Whether a reservation of the user earns exactly this certificate."""
    user = await own_user(doing)
    if user["user_id"] != wanted.user_id:
        return {"is_own": False}
    earned: set[int] = set()
    for name in user["reservations"]:
        reservation = await row(doing, "reservations", name)
        good = user["membership"] != "regular" or reservation["insurance"] == "yes"
        if not (good or reservation["cabin"] == "business"):
            continue
        statuses = await _statuses(doing, reservation)
        people = len(reservation["passengers"])
        earned |= {100 * people} if "cancelled" in statuses else set()
        earned |= {50 * people} if "delayed" in statuses else set()
    return {"is_own": True, "is_earned": wanted.amount in earned}


async def _own_reservation(doing: Doing, wanted: Any) -> dict[str, Any] | None:
    """None if it is another user's. Raises NotDone if there is none."""
    user, reservation = await own_user(doing), await row(doing, "reservations", wanted.reservation_id)
    return reservation if reservation["user_id"] == user["user_id"] else None


async def _statuses(doing: Doing, reservation: dict[str, Any]) -> list[str]:
    flights = [await row(doing, "flights", each["flight_number"]) for each in reservation["flights"]]
    dates = [each["date"] for each in reservation["flights"]]
    return [flight["dates"].get(date, {}).get("status", "") for flight, date in zip(flights, dates, strict=True)]


async def _is_flown(doing: Doing, reservation: dict[str, Any]) -> bool:
    return any(status in FLOWN for status in await _statuses(doing, reservation))


async def _goes(doing: Doing, flights: list[FlightWanted], flight_type: str) -> tuple[str, str] | None:
    """From where to where, and of a round trip back again; none if the flights do not join."""
    legs = [await row(doing, "flights", each.flight_number) for each in flights]
    stops = [legs[0]["origin"], *(leg["destination"] for leg in legs)]
    joins = all(leg["origin"] == stop for leg, stop in zip(legs, stops, strict=False))
    if flight_type == "one_way":
        return (stops[0], stops[-1]) if joins else None
    if not joins or stops[-1] != stops[0]:
        return None
    # The farthest point is where the way back begins: the first day on which they fly again.
    turn = next((n for n in range(1, len(flights)) if flights[n].date != flights[0].date), len(flights) // 2)
    return stops[0], stops[turn]


def _bags_to_pay(user: dict[str, Any], cabin: str, people: int, bags: int) -> int:
    return max(0, bags - FREE_BAGS[user["membership"]][cabin] * people)


def _about_method(user: dict[str, Any], payment_id: str) -> Facts:
    method = user["payment_methods"].get(payment_id)
    return {
        "is_own_method": method is not None,
        "is_card": method is not None and method["source"] in ("credit_card", "gift_card"),
    }


# -- reading ---------------------------------------------------------------------------------------------------------


@action(effect="reads", identity="verified", facts=about_user)
async def get_user_details(doing: Doing, wanted: UserWanted) -> Told:
    """Gives a user's profile: membership, payment methods, reservations."""
    return await use(doing, "get_user_details", wanted)


@action(effect="reads", identity="verified", facts=about_reservation)
async def get_reservation_details(doing: Doing, wanted: ReservationWanted) -> Told:
    """Gives a reservation: its flights, passengers, bags, insurance and payments."""
    return await use(doing, "get_reservation_details", wanted)


@action(effect="reads", identity="anonymous")
async def get_flight_status(doing: Doing, wanted: FlightWanted) -> Told:
    """Tells how a flight is on a day."""
    return await use(doing, "get_flight_status", wanted)


@action(effect="reads", identity="anonymous")
async def list_all_airports(doing: Doing, wanted: Nothing) -> Told:
    """Gives the codes of all airports."""
    return await use(doing, "list_all_airports", wanted)


@action(effect="reads", identity="anonymous")
async def search_direct_flight(doing: Doing, wanted: Search) -> Told:
    """Finds flights without a change, with seats and prices."""
    return await use(doing, "search_direct_flight", wanted)


@action(effect="reads", identity="anonymous")
async def search_onestop_flight(doing: Doing, wanted: Search) -> Told:
    """Finds pairs of flights with one change, with seats and prices."""
    return await use(doing, "search_onestop_flight", wanted)


@action(effect="reads", identity="anonymous")
async def calculate(doing: Doing, wanted: Sum) -> Told:
    """Calculates, such as 2 * (350 - 122)."""
    return await use(doing, "calculate", wanted)


@action(effect="reads", identity="anonymous")
async def transfer_to_human_agents(doing: Doing, wanted: Transfer) -> Told:
    """Passes the customer to a person, with a summary. Only if they ask for one or nothing here can help."""
    return await use(doing, "transfer_to_human_agents", wanted)


# -- changing --------------------------------------------------------------------------------------------------------


async def done_before(doing: Doing, wanted: Any) -> Told | None:
    """What came of an earlier request under the same key."""
    return await used_before(doing, "It is done.")


def imagined(doing: Doing, wanted: Any) -> Told:
    """What a replay is told."""
    return answer(doing, None, "It would be done.")


def price_of(wanted: Booking) -> Money:
    """What a booking costs the user."""
    return money(str(sum(each.amount for each in wanted.payment_methods)), "USD")


@action(
    effect="moves_money",
    identity="verified",
    limits=LIMITS,
    facts=about_booking,
    money=price_of,
    look_up=done_before,
    simulate=imagined,
)
async def book_reservation(doing: Doing, wanted: Booking) -> Told:
    """Books a reservation. List all of it and have the customer say yes first."""
    return await use(doing, "book_reservation", wanted, "The reservation is booked.")


@action(effect="writes", identity="verified", facts=about_new_flights, look_up=done_before, simulate=imagined)
async def update_reservation_flights(doing: Doing, wanted: NewFlights) -> Told:
    """Changes flights or cabin; name all flights of the reservation, also those that stay. Have a yes first."""
    return await use(doing, "update_reservation_flights", wanted, "The flights are changed.")


@action(effect="writes", identity="verified", facts=about_new_bags, look_up=done_before, simulate=imagined)
async def update_reservation_baggages(doing: Doing, wanted: NewBags) -> Told:
    """Adds checked bags. Have the customer say yes first."""
    return await use(doing, "update_reservation_baggages", wanted, "The bags are added.")


@action(effect="writes", identity="verified", facts=about_new_passengers, look_up=done_before, simulate=imagined)
async def update_reservation_passengers(doing: Doing, wanted: NewPassengers) -> Told:
    """Changes who flies; as many as before. Have the customer say yes first."""
    return await use(doing, "update_reservation_passengers", wanted, "The passengers are changed.")


@action(effect="writes", identity="verified", facts=about_cancelling, look_up=done_before, simulate=imagined)
async def cancel_reservation(doing: Doing, wanted: ReservationWanted) -> Told:
    """Cancels a whole reservation. Ask for the reason, and have the customer say yes first."""
    return await use(doing, "cancel_reservation", wanted, "The reservation is cancelled.")


@action(
    effect="moves_money",
    identity="verified",
    limits=Limits(per_call={"USD": "500.00"}, per_customer_a_day={"USD": "500.00"}, per_day={"USD": "20000.00"}),
    facts=about_certificate,
    money=lambda wanted: money(str(wanted.amount), "USD"),
    look_up=done_before,
    simulate=imagined,
)
async def send_certificate(doing: Doing, wanted: Certificate) -> Told:
    """Gives a travel certificate as a gesture, if the customer asks for one and the rules allow it."""
    return await use(doing, "send_certificate", wanted, "The certificate is in the profile.")
