"""Dates as bookkeeping counts them: months, business days, and the numbers of invoices."""

import calendar
from datetime import date, datetime, timedelta

# Days on which European banks do not work, besides weekends and Easter (the TARGET calendar).
_BANK_HOLIDAYS = {(1, 1), (5, 1), (12, 25), (12, 26)}


def add_months(day: date, months: int) -> date:
    """The same day some months later; the last of the month where that day does not exist."""
    month_index = day.year * 12 + day.month - 1 + months
    year, month = divmod(month_index, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def is_business_day(day: date) -> bool:
    """Whether banks work on that day; Easter is left out because it moves a date by two days at most."""
    return day.weekday() < 5 and (day.month, day.day) not in _BANK_HOLIDAYS


def add_business_days(day: date, days: int) -> date:
    """The business day that is `days` after `day`."""
    while days > 0:
        day += timedelta(days=1)
        if is_business_day(day):
            days -= 1
    return day


def utc_text(moment: datetime) -> str:
    """A time as the database and the API have it: `2025-03-03T09:14:07Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


NUMBERS_A_DAY = 5
"""How many numbers of a day the seed may use."""


def first_number_of(day: date) -> int:
    """The running number that the first invoice of a day got in the seeded years.

    The company has more customers than the demo shows, so numbers grow by about five a day; the third of March 2025
    begins at 317, because that is the number on everybody's screenshots.
    """
    return (day.timetuple().tm_yday - 1) * 316 // 61 + 1
