"""The airline of tau2-bench: what its tools do to its database, written anew from their published descriptions."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from benchmarks.tau2_world.calculating import calculate
from benchmarks.tau2_world.outside import Refused

NOW = "2024-05-15T15:00:00"
"""The time at the airline, as its policy says."""
BAG_PRICE, INSURANCE_PRICE = 50, 30
# The published tasks name the reservations and certificates that are made in them like this.
NEW_RESERVATIONS = ("HATHAT", "HATHAU", "HATHAV")
NEW_CERTIFICATES = ("certificate_3221322", "certificate_3221323", "certificate_3221324")
Row = dict[str, Any]


class Airline:
    """Flights, users and reservations, and what can be done with them."""

    def __init__(self, rows: dict[str, dict[str, Any]]) -> None:
        self.rows = rows
        self.does: Mapping[str, Callable[..., Any]] = {
            name: getattr(self, name)
            for name in (
                "get_user_details",
                "get_reservation_details",
                "get_flight_status",
                "list_all_airports",
                "search_direct_flight",
                "search_onestop_flight",
                "book_reservation",
                "update_reservation_flights",
                "update_reservation_baggages",
                "update_reservation_passengers",
                "cancel_reservation",
                "send_certificate",
            )
        } | {"calculate": calculate, "transfer_to_human_agents": _transfer}

    # -- reading -----------------------------------------------------------------------------------------------------

    def get_user_details(self, user_id: str) -> Row:
        """A user's profile."""
        return self._row("users", user_id)

    def get_reservation_details(self, reservation_id: str) -> Row:
        """A reservation."""
        return self._row("reservations", reservation_id)

    def get_flight_status(self, flight_number: str, date: str) -> str:
        """How a flight is on a day."""
        return str(self._day(flight_number, date)["status"])

    def list_all_airports(self) -> list[str]:
        """Their codes."""
        return sorted({flight[end] for flight in self.rows["flights"].values() for end in ("origin", "destination")})

    def search_direct_flight(self, origin: str, destination: str, date: str) -> list[Row]:
        """Flights of a day that can be booked."""
        return list(self._flights(date, origin=origin, destination=destination))

    def search_onestop_flight(self, origin: str, destination: str, date: str) -> list[list[Row]]:
        """Pairs of flights with one change, which leave on that day."""
        found = []
        for first in self._flights(date, origin=origin):
            lands_next_day = first["scheduled_arrival_time_est"].endswith("+1")
            day = _next_day(date) if lands_next_day else date
            landed = first["scheduled_arrival_time_est"].removesuffix("+1")
            onward = self._flights(day, origin=first["destination"], destination=destination)
            found += [[first, second] for second in onward if second["scheduled_departure_time_est"] >= landed]
        return found

    # -- reservations ------------------------------------------------------------------------------------------------

    def book_reservation(
        self,
        user_id: str,
        origin: str,
        destination: str,
        flight_type: str,
        cabin: str,
        flights: list[Row],
        passengers: list[Row],
        payment_methods: list[Row],
        total_baggages: int,
        nonfree_baggages: int,
        insurance: str,
    ) -> Row:
        """Books flights for up to five people."""
        user = self._row("users", user_id)
        name = next((each for each in NEW_RESERVATIONS if each not in self.rows["reservations"]), None)
        if name is None:
            raise Refused("No more reservations can be made.")
        booked = [self._booked(each, cabin, len(passengers)) for each in flights]
        extras = (INSURANCE_PRICE * len(passengers) if insurance == "yes" else 0) + BAG_PRICE * nonfree_baggages
        price = sum(each["price"] for each in booked) * len(passengers) + extras
        if sum(each["amount"] for each in payment_methods) != price:
            raise Refused(f"The price is {price}, and the payments are not.")
        for payment in payment_methods:
            method = self._method(user, payment["payment_id"])
            if method["source"] != "credit_card" and method["amount"] < payment["amount"]:
                raise Refused("There is not enough on the gift card or certificate.")
        for payment in payment_methods:
            self._spend(user, payment["payment_id"], payment["amount"])
        for each in flights:
            self._day(each["flight_number"], each["date"])["available_seats"][cabin] -= len(passengers)
        reservation = {
            "reservation_id": name,
            "user_id": user_id,
            "origin": origin,
            "destination": destination,
            "flight_type": flight_type,
            "cabin": cabin,
            "flights": booked,
            "passengers": passengers,
            "payment_history": payment_methods,
            "created_at": NOW,
            "total_baggages": total_baggages,
            "nonfree_baggages": nonfree_baggages,
            "insurance": insurance,
        }
        self.rows["reservations"][name] = reservation
        user["reservations"].append(name)
        return reservation

    def update_reservation_flights(self, reservation_id: str, cabin: str, flights: list[Row], payment_id: str) -> Row:
        """Other flights or another cabin; flights that stay keep their price."""
        reservation = self._row("reservations", reservation_id)
        user = self._row("users", reservation["user_id"])
        people = len(reservation["passengers"])
        kept = {(each["flight_number"], each["date"]): each for each in reservation["flights"]}
        changed = []
        for each in flights:
            old = kept.get((each["flight_number"], each["date"])) if cabin == reservation["cabin"] else None
            changed.append(old or self._booked(each, cabin, people))
        before = sum(each["price"] for each in reservation["flights"])
        difference = (sum(each["price"] for each in changed) - before) * people
        self._pay(reservation, user, payment_id, difference)
        reservation |= {"flights": changed, "cabin": cabin}
        return reservation

    def update_reservation_baggages(
        self, reservation_id: str, total_baggages: int, nonfree_baggages: int, payment_id: str
    ) -> Row:
        """How many bags there are, and how many of them are paid for."""
        reservation = self._row("reservations", reservation_id)
        more = max(0, nonfree_baggages - reservation["nonfree_baggages"])
        self._pay(reservation, self._row("users", reservation["user_id"]), payment_id, BAG_PRICE * more)
        reservation |= {"total_baggages": total_baggages, "nonfree_baggages": nonfree_baggages}
        return reservation

    def update_reservation_passengers(self, reservation_id: str, passengers: list[Row]) -> Row:
        """Who flies; as many as before."""
        reservation = self._row("reservations", reservation_id)
        if len(passengers) != len(reservation["passengers"]):
            raise Refused("There must be as many passengers as before.")
        reservation["passengers"] = passengers
        return reservation

    def cancel_reservation(self, reservation_id: str) -> Row:
        """Cancels it whole; what was paid is booked back."""
        reservation = self._row("reservations", reservation_id)
        reservation["payment_history"] += [
            {"payment_id": each["payment_id"], "amount": -each["amount"]} for each in reservation["payment_history"]
        ]
        reservation["status"] = "cancelled"
        return reservation

    def send_certificate(self, user_id: str, amount: int) -> str:
        """Gives a user a travel certificate."""
        methods = self._row("users", user_id)["payment_methods"]
        name = next((each for each in NEW_CERTIFICATES if each not in methods), None)
        if name is None:
            raise Refused("No more certificates can be given.")
        methods[name] = {"source": "certificate", "id": name, "amount": amount}
        return name

    # -- what they share ---------------------------------------------------------------------------------------------

    def _row(self, kind: str, name: str) -> Row:
        found = self.rows[kind].get(name)
        if found is None:
            raise Refused(f"There is nothing of the name {name}.")
        row: Row = found
        return row

    def _day(self, flight_number: str, date: str) -> Row:
        day = self._row("flights", flight_number)["dates"].get(date)
        if day is None:
            raise Refused(f"{flight_number} does not fly on {date}.")
        found: Row = day
        return found

    def _flights(self, date: str, **ends: str) -> Iterator[Row]:
        for flight in self.rows["flights"].values():
            day = flight["dates"].get(date)
            if day is None or day["status"] != "available" or any(flight[end] != at for end, at in ends.items()):
                continue
            yield {name: value for name, value in flight.items() if name != "dates"} | {"date": date} | day

    def _booked(self, wanted: Row, cabin: str, people: int) -> Row:
        day = self._day(wanted["flight_number"], wanted["date"])
        if day["status"] != "available" or day["available_seats"][cabin] < people:
            raise Refused(f"There are not enough seats on {wanted['flight_number']} on {wanted['date']}.")
        flight = self._row("flights", wanted["flight_number"])
        ends = {end: flight[end] for end in ("origin", "destination")}
        return {
            **ends,
            "flight_number": wanted["flight_number"],
            "date": wanted["date"],
            "price": day["prices"][cabin],
        }

    def _method(self, user: Row, payment_id: str) -> Row:
        method = user["payment_methods"].get(payment_id)
        if method is None:
            raise Refused("The user has no such way to pay.")
        found: Row = method
        return found

    def _spend(self, user: Row, payment_id: str, amount: int) -> None:
        method = self._method(user, payment_id)
        if method["source"] == "gift_card":
            method["amount"] -= amount
        elif method["source"] == "certificate":
            # What is left of a certificate is lost.
            del user["payment_methods"][payment_id]

    def _pay(self, reservation: Row, user: Row, payment_id: str, amount: int) -> None:
        """Pays for a change, or gets money back where the amount is negative."""
        method = self._method(user, payment_id)
        if method["source"] == "certificate":
            raise Refused("A certificate cannot be used for a change.")
        if method["source"] == "gift_card" and method["amount"] < amount:
            raise Refused("There is not enough on the gift card.")
        if method["source"] == "gift_card":
            method["amount"] -= amount
        if amount:
            reservation["payment_history"].append({"payment_id": payment_id, "amount": amount})


def _transfer(summary: str) -> str:
    return "The customer is with a person now."


def _next_day(date: str) -> str:
    return f"{date[:8]}{int(date[8:]) + 1:02d}"
