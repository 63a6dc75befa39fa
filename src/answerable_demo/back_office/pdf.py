"""An invoice or a credit note as a PDF of one page, drawn with the fonts that every reader has."""

import io
import unicodedata

import pydyf  # type: ignore[import-untyped]

from answerable_demo.back_office.money import cents_of, money
from answerable_demo.back_office.shapes import CreditNote, Customer, Invoice, InvoiceLine, Money

_WIDTH, _HEIGHT = 595, 842
_LEFT, _RIGHT = 56, 539
_SIGNS = {"EUR": "€", "GBP": "£", "USD": "$"}
_SELLER = ("Ledgerly Ltd", "14 Fumbally Lane, Dublin 8, Ireland", "VAT ID IE3984127WH")
_COURIER_WIDTH = 0.6


def invoice_pdf(invoice: Invoice, customer: Customer) -> bytes:
    """The invoice as it was issued."""
    page = _Page(f"Invoice {invoice.number}")
    _head(page, "Invoice", invoice.number, customer, invoice.customer_vat_id)
    page.text(_LEFT, 590, f"Issued on {invoice.issued_on}. Date of supply {invoice.supplied_on}.")
    if invoice.replaces:
        page.text(_LEFT, 574, f"Replaces invoice {invoice.replaces}.")
    y = page.table_head(540)
    for line in invoice.lines:
        y = page.row(y, line.description, str(line.quantity), _line_total(line))
    y = page.total(y - 8, "Net", invoice.net)
    y = page.total(y, f"VAT {invoice.vat_rate} %", invoice.vat)
    y = page.total(y, "Total", invoice.total, bold=True)
    if invoice.vat_note:
        page.text(_LEFT, y - 24, invoice.vat_note, size=9)
    page.text(_LEFT, y - 44, _how_it_was_paid(invoice), size=9)
    return page.finished()


def credit_note_pdf(note: CreditNote, customer: Customer) -> bytes:
    """The credit note as it was issued."""
    page = _Page(f"Credit note {note.number}")
    _head(page, "Credit note", note.number, customer, None)
    page.text(_LEFT, 590, f"Issued on {note.issued_on}, for invoice {note.invoice_number}.")
    y = page.table_head(540)
    reason = note.reason.replace("_", " ")
    y = page.row(y, f"Invoice {note.invoice_number}: {reason}", "1", note.amount)
    page.total(y - 8, "Credited", note.amount, bold=True)
    if note.is_void:
        page.text(_LEFT, y - 52, "Void: the refund was cancelled before it had left.", size=9)
    return page.finished()


def _head(page: "_Page", what: str, number: str, customer: Customer, vat_id: str | None) -> None:
    page.text(_LEFT, 780, "Ledgerly", size=20, bold=True)
    for index, line in enumerate(_SELLER):
        page.text(_LEFT, 762 - 13 * index, line, size=9)
    address = customer.address
    lines = [customer.company, customer.name, address.street, f"{address.postcode} {address.city}, {address.country}"]
    for index, line in enumerate([*lines, *([f"VAT ID {vat_id}"] if vat_id else [])]):
        page.text(_LEFT, 704 - 14 * index, line)
    page.text(_LEFT, 616, f"{what} {number}", size=16, bold=True)


def _line_total(line: InvoiceLine) -> Money:
    return money(line.quantity * cents_of(line.unit_price), line.unit_price.currency)


def _how_it_was_paid(invoice: Invoice) -> str:
    paid = next((charge for charge in invoice.charges if charge.status == "succeeded"), None)
    if paid is None:
        return "Not paid yet." if invoice.status == "open" else f"This invoice is {invoice.status}."
    method = paid.payment_method
    return f"Paid on {paid.at[:10]}, {method.brand.capitalize()} ending {method.last4}."


class _Page:
    """One page that is written from the top down."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._stream = pydyf.Stream(compress=True)

    def text(self, x: float, y: float, words: str, *, size: int = 10, bold: bool = False, mono: bool = False) -> None:
        font = "F3" if mono else "F2" if bold else "F1"
        self._stream.begin_text()
        self._stream.set_font_size(font, size)
        self._stream.set_text_matrix(1, 0, 0, 1, x, y)
        self._stream.show_text_string(_in_winansi(words))
        self._stream.end_text()

    def amount(self, y: float, amount: Money) -> None:
        """At the right edge; Courier has one width for all, so no table of widths is needed."""
        words = f"{_SIGNS[amount.currency]}{amount.amount}"
        self.text(_RIGHT - len(words) * 10 * _COURIER_WIDTH, y, words, mono=True)

    def line(self, y: float) -> None:
        self._stream.set_line_width(0.5)
        self._stream.move_to(_LEFT, y)
        self._stream.line_to(_RIGHT, y)
        self._stream.stroke()

    def table_head(self, y: float) -> float:
        self.text(_LEFT, y, "Description", size=9, bold=True)
        self.text(400, y, "Quantity", size=9, bold=True)
        self.text(_RIGHT - 34, y, "Amount", size=9, bold=True)
        self.line(y - 6)
        return y - 22

    def row(self, y: float, words: str, quantity: str, amount: Money) -> float:
        self.text(_LEFT, y, words)
        self.text(400, y, quantity)
        self.amount(y, amount)
        self.line(y - 8)
        return y - 24

    def total(self, y: float, words: str, amount: Money, *, bold: bool = False) -> float:
        self.text(400, y, words, bold=bold)
        self.amount(y, amount)
        return y - 17

    def finished(self) -> bytes:
        pdf = pydyf.PDF()
        pdf.info["Title"] = pydyf.String(self._title)
        pdf.info["Producer"] = pydyf.String("Ledgerly")
        fonts = pydyf.Dictionary({name: self._font(pdf, base) for name, base in _FONTS.items()})
        pdf.add_object(self._stream)
        page = {
            "Type": "/Page",
            "Parent": pdf.pages.reference,
            "MediaBox": pydyf.Array([0, 0, _WIDTH, _HEIGHT]),
            "Contents": self._stream.reference,
            "Resources": pydyf.Dictionary({"Font": fonts}),
        }
        pdf.add_page(pydyf.Dictionary(page))
        file = io.BytesIO()
        pdf.write(file)
        return file.getvalue()

    def _font(self, pdf: pydyf.PDF, base: str) -> bytes:
        font = {"Type": "/Font", "Subtype": "/Type1", "BaseFont": f"/{base}", "Encoding": "/WinAnsiEncoding"}
        entry = pydyf.Dictionary(font)
        pdf.add_object(entry)
        reference: bytes = entry.reference
        return reference


_FONTS = {"F1": "Helvetica", "F2": "Helvetica-Bold", "F3": "Courier"}


def _in_winansi(words: str) -> bytes:
    """The words in the encoding of the standard fonts; a letter that it does not have loses its accent."""
    encoded = bytearray()
    for letter in words:
        for attempt in (letter, unicodedata.normalize("NFKD", letter)[0], _NEAREST.get(letter, "?")):
            try:
                encoded += attempt.encode("cp1252")
                break
            except UnicodeEncodeError:
                continue
    return bytes(encoded)


_NEAREST = {"ł": "l", "Ł": "L", "\N{LATIN SMALL LETTER DOTLESS I}": "i", "đ": "d", "ø": "o"}
