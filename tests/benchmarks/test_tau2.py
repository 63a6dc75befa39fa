"""The desks in front of tau2-bench's companies, on small companies of our own: each rule of their policies holds."""

import copy
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.tau2_world.desk import Desk, Domain, opened_desk, opened_store, outside_of, write_workspace
from benchmarks.tau2_world.outside import served

ADDRESS = {"address1": "1 Elm Road", "address2": "", "city": "Leeds", "country": "UK", "state": "W", "zip": "10001"}
NEW = {**ADDRESS, "address1": "2 Oak Road"}


def variant(item_id: str, price: float, *, available: bool = True) -> dict[str, Any]:
    return {"item_id": item_id, "options": {"size": item_id[-1]}, "available": available, "price": price}


def order(number: int, user: str, status: str, *items: str) -> dict[str, Any]:
    bought = [{"name": "Cup", "product_id": "7000000001", **variant(each, 10.0)} for each in items]
    return {
        "order_id": f"#W000000{number}",
        "user_id": user,
        "address": ADDRESS,
        "items": [{name: value for name, value in each.items() if name != "available"} for each in bought],
        "status": status,
        "fulfillments": [],
        "payment_history": [{"transaction_type": "payment", "amount": 10.0, "payment_method_id": "credit_card_1"}],
    }


def shopper(user_id: str, *orders: str) -> dict[str, Any]:
    return {
        "user_id": user_id,
        "name": {"first_name": user_id.title(), "last_name": "Lee"},
        "address": ADDRESS,
        "email": f"{user_id}@example.com",
        "payment_methods": {
            "credit_card_1": {"source": "credit_card", "id": "credit_card_1", "brand": "visa", "last_four": "1111"},
            "paypal_1": {"source": "paypal", "id": "paypal_1"},
            "gift_card_1": {"source": "gift_card", "id": "gift_card_1", "balance": 5.0},
        },
        "orders": list(orders),
    }


SHOP = {
    "products": {
        "7000000001": {
            "name": "Cup",
            "product_id": "7000000001",
            "variants": {
                "1000000001": variant("1000000001", 10.0),
                "1000000002": variant("1000000002", 12.5),
                "1000000003": variant("1000000003", 40.0),
                "1000000004": variant("1000000004", 9.0, available=False),
            },
        },
        "7000000002": {
            "name": "Shoe",
            "product_id": "7000000002",
            "variants": {"2000000001": variant("2000000001", 9.0)},
        },
    },
    "users": {"ines": shopper("ines", "#W0000001", "#W0000002", "#W0000003"), "noor": shopper("noor", "#W0000004")},
    "orders": {
        "#W0000001": order(1, "ines", "pending", "1000000001"),
        "#W0000002": order(2, "ines", "delivered", "1000000001"),
        "#W0000003": order(3, "ines", "processed", "1000000001"),
        "#W0000004": order(4, "noor", "pending", "1000000001"),
    },
}


def flight(number: str, origin: str, destination: str, **days: str) -> dict[str, Any]:
    open_day = {
        "available_seats": {"basic_economy": 9, "economy": 9, "business": 9},
        "prices": {"basic_economy": 50, "economy": 100, "business": 300},
    }
    return {
        "flight_number": number,
        "origin": origin,
        "destination": destination,
        "scheduled_departure_time_est": "06:00:00",
        "scheduled_arrival_time_est": "07:00:00",
        "dates": {
            f"2024-05-{day[1:]}": {"status": status, **(open_day if status == "available" else {})}
            for day, status in days.items()
        },
    }


def reservation(name: str, user: str, cabin: str, date: str, created_at: str, insurance: str) -> dict[str, Any]:
    price = {"basic_economy": 50, "economy": 100, "business": 300}[cabin]
    leg = {"origin": "LHR", "destination": "CDG", "flight_number": "AAA001", "date": date, "price": price}
    return {
        "reservation_id": name,
        "user_id": user,
        "origin": "LHR",
        "destination": "CDG",
        "flight_type": "one_way",
        "cabin": cabin,
        "flights": [leg],
        "passengers": [PASSENGER],
        "payment_history": [{"payment_id": "credit_card_1", "amount": price}],
        "created_at": created_at,
        "total_baggages": 1,
        "nonfree_baggages": 0,
        "insurance": insurance,
    }


PASSENGER = {"first_name": "Ines", "last_name": "Lee", "dob": "1990-01-01"}
OLD, FRESH = "2024-05-01T10:00:00", "2024-05-15T10:00:00"


def flyer(user_id: str, *reservations: str) -> dict[str, Any]:
    methods: dict[str, Any] = {
        "credit_card_1": {"source": "credit_card", "id": "credit_card_1", "brand": "visa", "last_four": "1111"}
    }
    methods |= {
        name: {"source": "certificate", "id": name, "amount": 60} for name in ("certificate_1", "certificate_2")
    }
    return {
        "user_id": user_id,
        "name": {"first_name": user_id.title(), "last_name": "Lee"},
        "address": ADDRESS,
        "email": f"{user_id}@example.com",
        "dob": "1990-01-01",
        "payment_methods": methods,
        "saved_passengers": [],
        "membership": "silver",
        "reservations": list(reservations),
    }


AIRLINE = {
    "flights": {
        "AAA001": flight("AAA001", "LHR", "CDG", d10="landed", d20="available", d21="available", d22="cancelled"),
        "AAA002": flight("AAA002", "LHR", "FCO", d20="available"),
    },
    "users": {"ines": flyer("ines", "BASIC1", "ECONO1", "FLOWN1", "OFFED1", "BUSIN1"), "noor": flyer("noor", "OTHER1")},
    "reservations": {
        "BASIC1": reservation("BASIC1", "ines", "basic_economy", "2024-05-20", FRESH, "no"),
        "ECONO1": reservation("ECONO1", "ines", "economy", "2024-05-20", OLD, "no"),
        "INSUR1": reservation("INSUR1", "ines", "economy", "2024-05-20", OLD, "yes"),
        "FLOWN1": reservation("FLOWN1", "ines", "economy", "2024-05-10", OLD, "yes"),
        "OFFED1": reservation("OFFED1", "ines", "economy", "2024-05-22", OLD, "no"),
        "BUSIN1": reservation("BUSIN1", "ines", "business", "2024-05-20", OLD, "no"),
        "OTHER1": reservation("OTHER1", "noor", "business", "2024-05-20", OLD, "no"),
    },
}
DATABASES: dict[Domain, dict[str, Any]] = {"retail": SHOP, "airline": AIRLINE}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for domain, database in DATABASES.items():
        (tmp_path / f"{domain}_db.json").write_text(json.dumps(database), encoding="utf-8")
        (tmp_path / f"{domain}_policy.md").write_text("# Policy\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
async def desk(request: pytest.FixtureRequest, data: Path, tmp_path: Path) -> AsyncIterator[Desk]:
    domain: Domain = request.param
    outside = outside_of(domain, data)
    workspace = write_workspace(domain, data, tmp_path / domain)
    with served(outside) as address, opened_store(tmp_path / "empty.db", tmp_path / "desk.db") as store:
        yield await opened_desk(store, workspace, workspace.clauses, outside, address)


async def as_ines(desk: Desk) -> None:
    desk.verify("ines")
    await desk.keep_customer()


EXCHANGE = {"item_ids": ["1000000001"], "new_item_ids": ["1000000002"], "payment_method_id": "paypal_1"}
PENDING, DELIVERED = {"order_id": "#W0000001"}, {"order_id": "#W0000002"}
PROCESSED, NOORS = {"order_id": "#W0000003"}, {"order_id": "#W0000004"}
BACK = {"item_ids": ["1000000001"], "payment_method_id": "gift_card_1"}
REFUSED_BY_THE_SHOP: list[tuple[str, str, dict[str, Any]]] = [
    ("RT-01", "get_order_details", NOORS),
    ("RT-01", "get_user_details", {"user_id": "noor"}),
    ("RT-01", "cancel_pending_order", {**NOORS, "reason": "no longer needed"}),
    ("RT-01", "modify_user_address", {"user_id": "noor", **NEW}),
    ("RT-01", "return_delivered_order_items", {**NOORS, **BACK}),
    ("RT-03", "cancel_pending_order", {**PROCESSED, "reason": "no longer needed"}),
    ("RT-03", "modify_pending_order_address", {**DELIVERED, **NEW}),
    ("RT-04", "return_delivered_order_items", {**PENDING, **BACK}),
    ("RT-04", "exchange_delivered_order_items", {**PROCESSED, **EXCHANGE}),
    ("RT-05", "return_delivered_order_items", {**DELIVERED, **BACK, "item_ids": ["1000000002"]}),
    ("RT-05", "return_delivered_order_items", {**DELIVERED, **BACK, "item_ids": ["1000000001", "1000000001"]}),
    ("RT-06", "exchange_delivered_order_items", {**DELIVERED, **EXCHANGE, "new_item_ids": ["1000000002"] * 2}),
    ("RT-07", "exchange_delivered_order_items", {**DELIVERED, **EXCHANGE, "new_item_ids": ["2000000001"]}),
    ("RT-08", "exchange_delivered_order_items", {**DELIVERED, **EXCHANGE, "new_item_ids": ["1000000004"]}),
    ("RT-09", "modify_pending_order_items", {**PENDING, **EXCHANGE, "new_item_ids": ["1000000001"]}),
    ("RT-10", "modify_pending_order_items", {**PENDING, **EXCHANGE, "payment_method_id": "paypal_9"}),
    (
        "RT-11",
        "modify_pending_order_items",
        {**PENDING, **EXCHANGE, "new_item_ids": ["1000000003"], "payment_method_id": "gift_card_1"},
    ),
    ("RT-11", "modify_pending_order_payment", {**PENDING, "payment_method_id": "gift_card_1"}),
    ("RT-12", "modify_pending_order_payment", {**PENDING, "payment_method_id": "credit_card_1"}),
    ("RT-13", "return_delivered_order_items", {**DELIVERED, **BACK, "payment_method_id": "paypal_1"}),
]


@pytest.mark.parametrize("desk", ["retail"], indirect=True)
async def test_the_shop_refuses_what_its_policy_forbids_and_names_the_clause(desk: Desk) -> None:
    await as_ines(desk)
    before = copy.deepcopy(desk.outside.tools.rows)

    for number, (clause, action, arguments) in enumerate(REFUSED_BY_THE_SHOP):
        call = await desk.ask(f"t{number}", action, arguments)
        assert (call.state, call.reason[:5]) == ("refused", clause), (action, arguments, call.reason)

    assert desk.outside.tools.rows == before


@pytest.mark.parametrize("desk", ["retail"], indirect=True)
async def test_the_shop_does_what_its_policy_allows(desk: Desk) -> None:
    nobody = await desk.ask("t0", "get_order_details", PENDING)
    found = await desk.ask("t1", "find_user_id_by_email", {"email": "ines@example.com"})
    asked = [
        ("get_order_details", PENDING),
        ("modify_pending_order_address", {**PENDING, **NEW}),
        ("modify_pending_order_payment", {**PENDING, "payment_method_id": "paypal_1"}),
        ("modify_pending_order_items", {**PENDING, **EXCHANGE}),
        ("exchange_delivered_order_items", {**DELIVERED, **EXCHANGE}),
        ("modify_user_address", {"user_id": "ines", **NEW}),
    ]
    calls = [await desk.ask(f"d{number}", *each) for number, each in enumerate(asked)]
    twice = await desk.ask("t9", "modify_pending_order_items", {**PENDING, **EXCHANGE, "item_ids": ["1000000002"]})

    assert (nobody.state, found.state) == ("refused", "done"), "who asks must have been found first"
    assert [each.state for each in calls] == ["done"] * len(asked), [each.reason for each in calls]
    assert twice.reason.startswith("RT-02")
    order = desk.outside.tools.rows["orders"]["#W0000001"]
    assert (order["status"], order["address"]) == ("pending (item modified)", NEW)
    assert order["payment_history"][-1] == {
        "transaction_type": "payment",
        "amount": 2.5,
        "payment_method_id": "paypal_1",
    }


def to(number: str, date: str = "2024-05-21") -> list[dict[str, str]]:
    return [{"flight_number": number, "date": date}]


BOOKING: dict[str, Any] = {
    "user_id": "ines",
    "origin": "LHR",
    "destination": "CDG",
    "flight_type": "one_way",
    "cabin": "economy",
    "flights": to("AAA001"),
    "passengers": [PASSENGER],
    "payment_methods": [{"payment_id": "credit_card_1", "amount": 100}],
    "total_baggages": 2,
    "nonfree_baggages": 0,
    "insurance": "no",
}
CERTIFICATES = [{"payment_id": f"certificate_{number}", "amount": 50} for number in (1, 2)]
CARD = {"payment_id": "credit_card_1"}
REFUSED_BY_THE_AIRLINE: list[tuple[str, str, dict[str, Any]]] = [
    ("AL-01", "get_reservation_details", {"reservation_id": "OTHER1"}),
    ("AL-01", "cancel_reservation", {"reservation_id": "OTHER1"}),
    ("AL-01", "send_certificate", {"user_id": "noor", "amount": 100}),
    ("AL-03", "book_reservation", {**BOOKING, "passengers": [PASSENGER] * 6}),
    ("AL-04", "book_reservation", {**BOOKING, "payment_methods": [{"payment_id": "credit_card_9", "amount": 100}]}),
    ("AL-05", "book_reservation", {**BOOKING, "payment_methods": CERTIFICATES}),
    ("AL-06", "book_reservation", {**BOOKING, "total_baggages": 3}),
    ("AL-06", "book_reservation", {**BOOKING, "nonfree_baggages": 1}),
    ("AL-07", "book_reservation", {**BOOKING, "flights": to("AAA002", "2024-05-20")}),
    ("AL-10", "update_reservation_flights", {**CARD, "reservation_id": "BASIC1", "cabin": "economy"}),
    ("AL-11", "update_reservation_flights", {**CARD, "reservation_id": "ECONO1", "cabin": "economy"}),
    ("AL-12", "update_reservation_flights", {**CARD, "reservation_id": "FLOWN1", "cabin": "business"}),
    (
        "AL-13",
        "update_reservation_flights",
        {"payment_id": "certificate_1", "reservation_id": "ECONO1", "cabin": "business"},
    ),
    (
        "AL-14",
        "update_reservation_baggages",
        {**CARD, "reservation_id": "ECONO1", "total_baggages": 0, "nonfree_baggages": 0},
    ),
    ("AL-15", "update_reservation_passengers", {"reservation_id": "ECONO1", "passengers": [PASSENGER] * 2}),
    ("AL-20", "cancel_reservation", {"reservation_id": "FLOWN1"}),
    ("No cl", "cancel_reservation", {"reservation_id": "ECONO1"}),
    ("AL-30", "send_certificate", {"user_id": "ines", "amount": 150}),
]
FLIGHTS_WANTED = {
    "AL-10": to("AAA001"),
    "AL-11": to("AAA002", "2024-05-20"),
    "AL-12": to("AAA001", "2024-05-10"),
    "AL-13": to("AAA001", "2024-05-20"),
}


@pytest.mark.parametrize("desk", ["airline"], indirect=True)
async def test_the_airline_refuses_what_its_policy_forbids_and_names_the_clause(desk: Desk) -> None:
    await as_ines(desk)
    before = copy.deepcopy(desk.outside.tools.rows)

    for number, (clause, action, given) in enumerate(REFUSED_BY_THE_AIRLINE):
        arguments = {**given, "flights": FLIGHTS_WANTED[clause]} if action == "update_reservation_flights" else given
        call = await desk.ask(f"t{number}", action, arguments)
        assert (call.state, call.reason[:5]) == ("refused", clause), (action, arguments, call.reason)

    assert desk.outside.tools.rows == before


@pytest.mark.parametrize("desk", ["airline"], indirect=True)
async def test_the_airline_does_what_its_policy_allows(desk: Desk) -> None:
    await as_ines(desk)
    asked = [
        ("book_reservation", BOOKING),
        (
            "update_reservation_flights",
            {**CARD, "reservation_id": "ECONO1", "cabin": "business", "flights": to("AAA001")},
        ),
        (
            "update_reservation_baggages",
            {**CARD, "reservation_id": "BASIC1", "total_baggages": 2, "nonfree_baggages": 1},
        ),
        *(("cancel_reservation", {"reservation_id": name}) for name in ("BASIC1", "OFFED1", "BUSIN1", "INSUR1")),
        ("send_certificate", {"user_id": "ines", "amount": 100}),
    ]
    calls = [await desk.ask(f"d{number}", *each) for number, each in enumerate(asked)]

    assert [each.state for each in calls] == ["done"] * len(asked), [each.reason for each in calls]
    assert [each.arguments for each in desk.approved] == [{"reservation_id": "INSUR1"}], (
        "a person says if it is covered"
    )
    rows = desk.outside.tools.rows
    assert rows["reservations"]["HATHAT"]["flights"][0]["price"] == 100
    assert rows["reservations"]["ECONO1"]["payment_history"][-1]["amount"] == 200
    assert rows["reservations"]["BASIC1"]["status"] == "cancelled"


@pytest.mark.parametrize("desk", ["retail"], indirect=True)
async def test_the_company_acts_once_for_one_key(desk: Desk) -> None:
    wanted = {**PENDING, "reason": "no longer needed"}

    first = desk.outside.act("cancel_pending_order", wanted, "k1")
    again = desk.outside.act("cancel_pending_order", wanted, "k1")

    assert first == again
    assert len(desk.outside.tools.rows["orders"]["#W0000001"]["payment_history"]) == 2
